package dev.sessiond.adk;

import static dev.sessiond.support.Examples.app;
import static dev.sessiond.support.Examples.change;
import static dev.sessiond.support.Examples.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.events.Event;
import com.google.adk.sessions.GetSessionConfig;
import com.google.adk.sessions.Session;
import com.google.adk.sessions.SessionException;
import com.google.genai.types.Content;
import com.google.genai.types.Part;
import dev.sessiond.support.Proxy;
import dev.sessiond.support.TestServer;
import io.grpc.Metadata;
import io.grpc.Status;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Servers that go away, answers that get lost, and servers that refuse. */
class FailuresTest {
  private final String app = app();

  @TempDir Path folder;

  private static SessiondSessionService service(String target, double deadline) {
    return new SessiondSessionService(
        Options.builder(target).deadline(Duration.ofMillis((long) (deadline * 1000))).build());
  }

  private Session create(SessiondSessionService service) {
    return service.createSession(app, "ana", Map.of("k", 0), "s1").blockingGet();
  }

  private Session read(SessiondSessionService service) {
    return service.getSession(app, "ana", "s1", Optional.empty()).blockingGet();
  }

  /** By a stream, as long histories are read, or those that a time narrows. */
  private Maybe<Session> stream(SessiondSessionService service) {
    GetSessionConfig all = GetSessionConfig.builder().afterTimestamp(Instant.EPOCH).build();
    return service.getSession(app, "ana", "s1", Optional.of(all));
  }

  private static List<String> ids(Session session) {
    return session.events().stream().map(Event::id).toList();
  }

  private static <T> CompletableFuture<T> begin(Single<T> call) {
    return call.toCompletionStage().toCompletableFuture();
  }

  /** On a busy machine the deadline may pass before gRPC has found that nobody is there. */
  private static void assertUnanswered(Single<?> call) {
    SessionException error = assertThrows(SessionException.class, call::blockingGet);
    assertTrue(
        error instanceof UnavailableException || error instanceof DeadlineException,
        error.toString());
  }

  @Test
  @Tag("contract")
  void aFailedAppendTouchesNothing() {
    TestServer server = TestServer.start(folder);
    try (server;
        SessiondSessionService service = service(server.target(), 30);
        SessiondSessionService hasty = service(server.target(), 1)) {
      Session session = create(service);
      service.appendEvent(session, message("1")).blockingGet();
      server.kill();
      Event event = change("k", 2, "temp:t", 1);
      String before = session.toJson() + event.toJson() + session.lastUpdateTime();
      assertUnanswered(hasty.appendEvent(session, event));
      assertEquals(before, session.toJson() + event.toJson() + session.lastUpdateTime());
      for (Single<?> call :
          List.of(
              hasty.getSession(app, "ana", "s1", Optional.empty()).toSingle(),
              hasty.listSessions(app, "ana"),
              hasty.listEvents(app, "ana", "s1"),
              hasty.deleteSession(app, "ana", "s1").toSingleDefault(""),
              hasty.getUserState(app, "ana"),
              hasty.createSession(app, "ana"))) {
        assertUnanswered(call);
      }
      server.start();
      // The same objects work on, with the server that took over.
      service.appendEvent(session, event).blockingGet();
      assertEquals(ids(session), ids(read(service)));
      assertEquals(Map.of("k", 2), read(service).state());
    }
  }

  @Test
  void aRestartIsNotNoticed() throws Exception {
    TestServer server = TestServer.start(folder);
    try (server;
        SessiondSessionService service = service(server.target(), 60)) {
      Session session = create(service);
      server.kill();
      CompletableFuture<Event> append = begin(service.appendEvent(session, message("1")));
      server.start();
      append.get();
      assertEquals(ids(session), ids(read(service)));
    }
  }

  @Test
  void anAnswerThatIsLost() throws Exception {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 20);
        SessiondSessionService direct = service(TestServer.sharedTarget(), 20)) {
      Session session = create(service);
      proxy.loseAnswers();
      CompletableFuture<Event> append = begin(service.appendEvent(session, change("n", 1)));
      proxy.awaitLost();
      proxy.cut();
      append.get();
      service.appendEvent(session, message("2")).blockingGet();
      assertEquals(2, read(direct).events().size());
      assertEquals(ids(session), ids(read(direct)));
    }
  }

  @Test
  void anAnswerThatNeverComesIsAskedForAgain() throws Exception {
    // A connection that swallows everything without breaking: a firewall that forgot it.
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 8)) {
      Session session = create(service);
      proxy.loseAnswers();
      CompletableFuture<Event> append = begin(service.appendEvent(session, message("1")));
      proxy.awaitLost();
      // The first try gives up after half of the deadline; its cancellation is seen as an answer
      // that the second one gets lost, too.
      proxy.loseAnswers();
      proxy.awaitLost();
      proxy.cut();
      append.get();
      assertEquals(1, session.events().size());
    }
  }

  @Test
  void aCreateWhoseAnswerIsLost() throws Exception {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 20)) {
      service.listSessions(app, "ana").blockingGet();
      proxy.loseAnswers();
      CompletableFuture<Session> create =
          begin(service.createSession(app, "ana", Map.of("k", 1), "s1"));
      proxy.awaitLost();
      proxy.cut();
      assertEquals(Map.of("k", 1), create.get().state());
      service.appendEvent(create.get(), message("1")).blockingGet();
      assertEquals(1, service.listSessions(app, "ana").blockingGet().sessions().size());
    }
  }

  @Test
  void aServerKilledBetweenCommitAndAnswer() throws Exception {
    TestServer server = TestServer.start(folder);
    try (server;
        Proxy proxy = new Proxy(server.target());
        SessiondSessionService service = service(proxy.target(), 60)) {
      Session session = create(service);
      proxy.loseAnswers();
      CompletableFuture<Event> append = begin(service.appendEvent(session, change("n", 1)));
      // The server has answered, so it has committed; nobody has heard of it when it dies.
      proxy.awaitLost();
      server.kill();
      server.start();
      proxy.cut();
      append.get();
      service.appendEvent(session, message("2")).blockingGet();
      assertEquals(2, read(service).events().size());
      assertEquals(ids(session), ids(read(service)));
    }
  }

  @Test
  void aReadThatBreaksOffIsBegunAgain() throws Exception {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 20)) {
      Session session = create(service);
      service.appendEvent(session, message("1")).blockingGet();
      proxy.loseAnswers();
      CompletableFuture<Session> reading = begin(stream(service).toSingle());
      proxy.awaitLost();
      proxy.cut();
      assertEquals(ids(session), ids(reading.get()));
    }
  }

  @Test
  void aHistoryThatStandsStill() {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service =
            new SessiondSessionService(
                Options.builder(proxy.target()).streamIdle(Duration.ofMillis(300)).build())) {
      create(service);
      proxy.loseAnswers();
      DeadlineException error =
          assertThrows(DeadlineException.class, () -> stream(service).blockingGet());
      assertTrue(error.getMessage().contains("stood still"), error.getMessage());
    }
  }

  @Test
  void aSlowConnectionIsOnlySlow() {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 60)) {
      proxy.slow(30);
      Session session = create(service);
      for (int number = 0; number < 5; number++) {
        service.appendEvent(session, message("x".repeat(200_000))).blockingGet();
      }
      assertEquals(ids(session), ids(read(service)));
    }
  }

  @Test
  void nobodyThere() {
    TestServer server = TestServer.stopped(folder);
    try (SessiondSessionService service = service(server.target(), 4)) {
      UnavailableException error = assertThrows(UnavailableException.class, () -> create(service));
      assertEquals(Optional.of(Status.Code.UNAVAILABLE), error.code());
      assertEquals("", error.reason());
      assertTrue(error instanceof SessionException);
    }
  }

  @Test
  void aDeadlineSaysWhomItWaitedFor() {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 0.4)) {
      proxy.loseAnswers();
      SessionException error = assertThrows(SessionException.class, () -> create(service));
      assertTrue(
          error instanceof DeadlineException
              && error
                  .getMessage()
                  .contains(
                      "CreateSession: no answer from " + proxy.target() + " within 0.4 seconds"),
          error.toString());
    }
  }

  @Test
  void aFullServerSaysSo() throws Exception {
    TestServer server = TestServer.start(folder, "--max-concurrent-calls", "1");
    try (server;
        SessiondSessionService service = service(server.target(), 20)) {
      // Each is refused while another one runs, waits as long as it is told, and gets in.
      List<CompletableFuture<Session>> creates =
          List.of(1, 2, 3, 4).stream()
              .map(number -> begin(service.createSession(app, "ana", Map.of(), "s" + number)))
              .toList();
      for (CompletableFuture<Session> create : creates) {
        create.get();
      }
      assertEquals(4, service.listSessions(app, "ana").blockingGet().sessions().size());
    }
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "a small disk is mounted by unshare")
  void aFullDatabaseTakesNoAppendAndIsReadOn() {
    TestServer server = TestServer.onSmallDisk(folder, 4);
    try (server;
        SessiondSessionService service = service(server.target(), 60)) {
      Session session = create(service);
      SessiondException failure = null;
      for (int round = 0; round < 40 && failure == null; round++) {
        Event event = change("temp:t", round);
        event.setContent(Content.fromParts(Part.fromText("x".repeat(200_000))));
        String before = session.toJson() + event.toJson();
        try {
          service.appendEvent(session, event).blockingGet();
        } catch (SessiondException error) {
          failure = error;
          assertEquals(before, session.toJson() + event.toJson());
        }
      }
      assertEquals("STORE_FULL", failure.reason());
      assertEquals(Optional.of(Status.Code.RESOURCE_EXHAUSTED), failure.code());
      assertEquals(ids(session), ids(read(service)));
    }
  }

  @Test
  void tlsToAServerWithout() {
    try (SessiondSessionService service =
        new SessiondSessionService(
            Options.builder(TestServer.sharedTarget())
                .tls(true)
                .deadline(Duration.ofSeconds(2))
                .build())) {
      assertUnanswered(service.createSession(app, "ana"));
    }
  }

  @Test
  void metadataGoesAlong() {
    AtomicInteger calls = new AtomicInteger();
    Metadata.Key<String> key = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    try (SessiondSessionService service =
        new SessiondSessionService(
            Options.builder(TestServer.sharedTarget())
                .metadata(
                    () -> {
                      Metadata headers = new Metadata();
                      headers.put(key, "Bearer " + calls.incrementAndGet());
                      return headers;
                    })
                .build())) {
      Session session = create(service);
      service.appendEvent(session, message("1")).blockingGet();
      read(service);
      assertEquals(3, calls.get(), "one call each");
    }
  }

  @Test
  void headersThatCannotBeMadeAreTheCallersError() {
    try (SessiondSessionService service =
        new SessiondSessionService(
            Options.builder(TestServer.sharedTarget())
                .metadata(
                    () -> {
                      throw new IllegalStateException("no token");
                    })
                .build())) {
      SessionException error = assertThrows(SessionException.class, () -> create(service));
      assertTrue(error.getMessage().contains("no token"), error.toString());
    }
  }

  @Test
  void theRequestIdIsTold() {
    try (SessiondSessionService service = service(TestServer.sharedTarget(), 10)) {
      create(service);
      SessionAlreadyExistsException error =
          assertThrows(SessionAlreadyExistsException.class, () -> create(service));
      assertTrue(!error.requestId().isEmpty());
      assertEquals(Optional.of(Status.Code.ALREADY_EXISTS), error.code());
    }
  }

  @Test
  void aClosedServiceEndsItsCallsAndConnectsAnew() throws Exception {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 30)) {
      Session session = create(service);
      proxy.loseAnswers();
      CompletableFuture<Session> reading = begin(stream(service).toSingle());
      proxy.awaitLost();
      proxy.loseAnswers();
      CompletableFuture<Event> append = begin(service.appendEvent(session, message("1")));
      proxy.awaitLost();
      service.close();
      for (CompletableFuture<?> call : List.of(reading, append)) {
        Exception error = assertThrows(ExecutionException.class, call::get);
        assertTrue(error.getMessage().contains("service was closed"), error.toString());
      }
      proxy.cut();
      assertEquals("s1", read(service).id());
    }
  }
}
