package dev.sessiond.adk;

import static dev.sessiond.support.Examples.app;
import static dev.sessiond.support.Examples.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.sessions.Session;
import com.google.adk.sessions.SessionException;
import dev.sessiond.support.TestServer;
import io.grpc.TlsChannelCredentials;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Encrypted connections. */
class TlsTest {
  @TempDir static Path folder;

  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    selfSigned();
    server =
        TestServer.start(
            folder,
            "--tls-cert",
            folder.resolve("cert.pem").toString(),
            "--tls-key",
            folder.resolve("key.pem").toString());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** A certificate for this machine's loopback address, and its key, by the JDK's own tool. */
  private static void selfSigned() throws Exception {
    Path store = folder.resolve("store.p12");
    Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
    Process made =
        new ProcessBuilder(
                keytool.toString(),
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=ip:127.0.0.1,dns:localhost",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-storepass",
                "secret",
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .start();
    String printed = new String(made.getInputStream().readAllBytes());
    assertEquals(0, made.waitFor(), printed);
    KeyStore keys = KeyStore.getInstance(store.toFile(), "secret".toCharArray());
    write("cert.pem", "CERTIFICATE", keys.getCertificate("a").getEncoded());
    write("key.pem", "PRIVATE KEY", keys.getKey("a", "secret".toCharArray()).getEncoded());
  }

  private static void write(String file, String kind, byte[] content) throws Exception {
    String text = Base64.getMimeEncoder(64, "\n".getBytes()).encodeToString(content);
    Files.writeString(
        folder.resolve(file),
        "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(kind, text));
  }

  @Test
  void aTrustedServer() throws Exception {
    Path authority = folder.resolve("cert.pem");
    for (Options options :
        List.of(
            Options.builder(server.target()).caFile(authority).build(),
            Options.builder("sessiond://%s?tls=1&ca_file=%s".formatted(server.target(), authority))
                .build(),
            Options.builder(server.target())
                .caFile(authority)
                .certFile(authority)
                .keyFile(folder.resolve("key.pem"))
                .build(),
            Options.builder(server.target())
                .credentials(
                    TlsChannelCredentials.newBuilder().trustManager(authority.toFile()).build())
                .build())) {
      try (SessiondSessionService service = new SessiondSessionService(options)) {
        String app = app();
        Session session = service.createSession(app, "ana", Map.of(), "s1").blockingGet();
        service.appendEvent(session, message("1")).blockingGet();
        assertEquals(
            1,
            service.getSession(app, "ana", "s1", Optional.empty()).blockingGet().events().size());
      }
    }
  }

  @Test
  void aServerThatIsNotTrustedOrNotAskedForTls() {
    for (boolean tls : new boolean[] {true, false}) {
      Options options =
          Options.builder(server.target()).tls(tls).deadline(Duration.ofSeconds(2)).build();
      try (SessiondSessionService service = new SessiondSessionService(options)) {
        SessionException error =
            assertThrows(
                SessionException.class, () -> service.createSession(app(), "ana").blockingGet());
        assertTrue(
            error instanceof UnavailableException || error instanceof DeadlineException,
            error.toString());
      }
    }
  }

  @Test
  void aFileThatIsNotThere() {
    Options options = Options.builder("localhost:1").caFile(Path.of("/does/not/exist")).build();
    try (SessiondSessionService service = new SessiondSessionService(options)) {
      InvalidRequestException error =
          assertThrows(
              InvalidRequestException.class,
              () -> service.createSession(app(), "ana").blockingGet());
      assertTrue(error.getMessage().contains("/does/not/exist"), error.getMessage());
    }
  }
}
