package dev.sessiond.tail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sessiond.support.Examples;
import dev.sessiond.support.StubSession;
import dev.sessiond.support.TestServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The worker among the examples: what it had not acknowledged when it died comes again. */
class WorkerTest {
  @TempDir Path folder;

  private Process start(StubSession session, Path file) throws IOException {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            path,
            "examples/Worker.java",
            TestServer.sharedTarget(),
            session.key().getAppName(),
            session.key().getUserId(),
            session.key().getSessionId(),
            file.toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static String id(BufferedReader lines) throws IOException {
    return lines.readLine().split(" ")[1];
  }

  @Test
  void aWorkerThatDiesGetsTheEventAgain() throws Exception {
    Path file = folder.resolve("cursor");
    try (StubSession session = new StubSession(TestServer.sharedTarget(), Examples.app())) {
      session.create();
      session.append("1");
      Process first = start(session, file);
      try (BufferedReader lines = first.inputReader()) {
        assertEquals("1", id(lines));
        // Live, so that each event comes in an update of its own. The cursor cannot be stored any
        // more, and the worker dies of it.
        while (!Files.exists(file)) {
          TimeUnit.MILLISECONDS.sleep(10);
        }
        Files.createDirectory(folder.resolve("cursor.new"));
        session.append("2");
        assertEquals("2", id(lines));
        assertTrue(first.waitFor(60, TimeUnit.SECONDS));
        assertEquals(1, first.exitValue());
      } finally {
        first.destroyForcibly();
      }
      Files.delete(folder.resolve("cursor.new"));
      session.append("3");
      Process second = start(session, file);
      try (BufferedReader lines = second.inputReader()) {
        assertEquals("2", id(lines));
        assertEquals("3", id(lines));
        session.delete();
        assertEquals("ended: DELETED", lines.readLine());
        assertTrue(second.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, second.exitValue());
      } finally {
        second.destroyForcibly();
      }
    }
  }
}
