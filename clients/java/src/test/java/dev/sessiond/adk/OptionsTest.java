package dev.sessiond.adk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sessiond.support.TestServer;
import io.grpc.InsecureChannelCredentials;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Targets, URIs and options. */
class OptionsTest {
  @Test
  void theDefaults() {
    Options options = Options.builder("host:1").build();
    assertEquals("host:1", options.target());
    assertEquals(StalePolicy.REJECT, options.onStale());
    assertEquals(Duration.ofSeconds(10), options.deadline());
    assertEquals(Duration.ofSeconds(30), options.streamIdle());
    assertFalse(options.encrypted());
    new SessiondSessionService().close();
  }

  @ParameterizedTest
  @CsvSource({
    "sessiond://host, host:50051",
    "sessiond://host/, host:50051",
    "sessiond://host:9?, host:9",
    "sessiond://127.0.0.1:9, 127.0.0.1:9",
    "sessiond://[::1]:9, [::1]:9",
    "sessiond://[::1], [::1]:50051",
    "dns:///host:9, dns:///host:9",
    "host, host",
  })
  void targets(String target, String expected) {
    assertEquals(expected, Options.builder(target).build().target());
  }

  @Test
  void everyOptionOfAUri() {
    Options options =
        Options.builder(
                "sessiond://h?on_stale=append&deadline=2.5&stream_idle=1&tls=0&ca_file=%2Fa%20b"
                    + "&cert_file=c&key_file=k")
            .build();
    assertEquals(StalePolicy.APPEND, options.onStale());
    assertEquals(Duration.ofMillis(2_500), options.deadline());
    assertEquals(Duration.ofSeconds(1), options.streamIdle());
    assertFalse(options.tls());
    assertTrue(options.encrypted());
    assertEquals(Path.of("/a b"), options.caFile());
    assertEquals(Path.of("c"), options.certFile());
    assertEquals(Path.of("k"), options.keyFile());
    assertTrue(Options.builder("sessiond://h?tls=true").build().tls());
    // What is set afterwards wins.
    assertEquals(
        Duration.ofSeconds(3),
        Options.builder("sessiond://h?deadline=2")
            .deadline(Duration.ofSeconds(3))
            .build()
            .deadline());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "sessiond://",
        "sessiond://:9",
        "sessiond://h:0",
        "sessiond://h:70000",
        "sessiond://h:port",
        "sessiond://h/path",
        "sessiond://h#f",
        "sessiond://user:secret@h",
        "sessiond://h?unknown=1",
        "sessiond://h?deadline=soon",
        "sessiond://h?deadline=0",
        "sessiond://h?deadline=-1",
        "sessiond://h?deadline=nan",
        "sessiond://h?stream_idle=",
        "sessiond://h?tls=yes",
        "sessiond://h?on_stale=REJECT",
        "sessiond://h?cert_file=c",
        "sessiond://h?key_file=k",
      })
  void whatIsWrongIsRefusedAtOnce(String target) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Options.builder(target).build());
    assertTrue(error.getMessage().startsWith("sessiond: "), error.getMessage());
    assertFalse(error.getMessage().contains("secret"), error.getMessage());
  }

  @Test
  void anUnknownOptionIsNamedWithThoseThatThereAre() {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class, () -> Options.builder("sessiond://h?retries=1"));
    assertTrue(error.getMessage().contains("'retries'"));
    assertTrue(error.getMessage().contains("on_stale"));
  }

  @Test
  void credentialsExcludeFiles() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Options.builder("h")
                .credentials(InsecureChannelCredentials.create())
                .caFile(Path.of("a"))
                .build());
  }

  @Test
  void theEmbeddedServiceConfigIsThePublishedOne() throws Exception {
    assertEquals(
        Files.readString(TestServer.ROOT.resolve("clients/service-config.json")),
        Files.readString(Path.of("src/main/resources/dev/sessiond/service-config.json")));
  }
}
