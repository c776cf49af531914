package dev.sessiond.support;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A real sessiond server over a SQLite file, from this checkout, which can be killed and started
 * again on the same ports.
 */
public final class TestServer implements AutoCloseable {
  /** The checkout. */
  public static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();

  // Below the ports that systems give to clients, so that none of those takes one between the look
  // for it and its use, and never one twice. Other test runs begin elsewhere.
  private static final AtomicInteger PORTS =
      new AtomicInteger(
          Integer.getInteger("sessiond.ports", 14_000) + (int) (Math.random() * 2_000));

  private static TestServer shared;

  private final Path folder;
  private final List<String> arguments;

  /** What the command is started by. */
  private List<String> before = List.of();

  private final int grpcPort = freePort();
  private final int httpPort = freePort();
  private Process process;

  private TestServer(Path folder, List<String> arguments) {
    this.folder = folder;
    this.arguments = arguments;
  }

  /** Where the server that all tests share listens: SESSIOND_TEST_TARGET, or one of their own. */
  public static synchronized String sharedTarget() {
    String given = System.getenv("SESSIOND_TEST_TARGET");
    if (given != null) {
      return given;
    }
    if (shared == null) {
      try {
        Path folder = Files.createTempDirectory("sessiond-java");
        shared = start(folder);
        Runtime.getRuntime()
            .addShutdownHook(
                new Thread(
                    () -> {
                      shared.kill();
                      remove(folder);
                    }));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
    return shared.target();
  }

  /** Starts a server of the test's own. */
  public static TestServer start(Path folder, String... arguments) {
    TestServer server = new TestServer(folder, List.of(arguments));
    server.start();
    return server;
  }

  /** Starts a server that has its data alone on a disk of so many MiB. Needs Linux. */
  public static TestServer onSmallDisk(Path folder, int mebibytes) {
    TestServer server = stopped(folder);
    String mount = "mount -t tmpfs -o size=%dm none \"$0\" && exec \"$@\"".formatted(mebibytes);
    server.before =
        List.of("unshare", "--mount", "--map-root-user", "sh", "-c", mount, folder.toString());
    server.start();
    return server;
  }

  /** A server that is not started yet. */
  public static TestServer stopped(Path folder, String... arguments) {
    return new TestServer(folder, List.of(arguments));
  }

  /** Where it listens for gRPC. */
  public String target() {
    return "127.0.0.1:" + grpcPort;
  }

  /** The gRPC port. */
  public int port() {
    return grpcPort;
  }

  /** Starts it, and waits until it answers. */
  public void start() {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    Path node = ROOT.resolve("node_modules/.bin").resolve(windows ? "node.cmd" : "node");
    List<String> command = new ArrayList<>(before);
    command.add(node.toString());
    command.addAll(List.of("--disable-warning=ExperimentalWarning", "src/main.ts", "serve"));
    command.addAll(List.of("--store", "sqlite:" + folder.resolve("sessiond.db")));
    command.addAll(List.of("--grpc-port", String.valueOf(grpcPort)));
    command.addAll(List.of("--http-port", String.valueOf(httpPort)));
    command.addAll(List.of("--log-level", "warn"));
    command.addAll(arguments);
    File log = folder.resolve("server.log").toFile();
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(ROOT.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    builder.environment().keySet().removeIf(name -> name.startsWith("SESSIOND_"));
    try {
      process = builder.start();
      process.getOutputStream().close();
      waitUntilReady(log.toPath());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** Ends it at once, as a crash does. */
  public void kill() {
    end(true);
  }

  /** Asks it to end. */
  @Override
  public void close() {
    end(false);
  }

  private void end(boolean forcibly) {
    if (process == null) {
      return;
    }
    try {
      // Not the command by itself: npm's node may be a shell's child.
      List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
      all.add(process.toHandle());
      all.forEach(forcibly ? ProcessHandle::destroyForcibly : ProcessHandle::destroy);
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
    process = null;
  }

  /** Waits until the server has no open tail. */
  public void awaitNoTails() {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/metrics")).build();
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (System.nanoTime() < end) {
      try {
        String metrics = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
        if (metrics.lines().anyMatch(line -> line.matches("sessiond_tails_open(\\{.*})? 0"))) {
          return;
        }
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
        break;
      }
      pause();
    }
    throw new AssertionError("a tail stayed open");
  }

  private void waitUntilReady(Path log) throws IOException {
    HttpClient http = HttpClient.newHttpClient();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/readyz"))
            .timeout(Duration.ofSeconds(5))
            .build();
    long end = System.nanoTime() + Duration.ofSeconds(100).toNanos();
    while (System.nanoTime() < end && process.isAlive()) {
      try {
        if (arguments.contains("--tls-cert")) {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", grpcPort), 5_000);
            return;
          }
        }
        if (http.send(request, BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (IOException error) {
        // not there yet
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
        break;
      }
      pause();
    }
    kill();
    throw new IllegalStateException("the server printed:\n" + Files.readString(log));
  }

  private static void pause() {
    try {
      Thread.sleep(30);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  private static int freePort() {
    while (true) {
      int port = PORTS.incrementAndGet();
      try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
        return probe.getLocalPort();
      } catch (IOException error) {
        // taken
      }
    }
  }

  private static void remove(Path folder) {
    File[] files = folder.toFile().listFiles();
    for (File file : files == null ? new File[0] : files) {
      file.delete();
    }
    folder.toFile().delete();
  }
}
