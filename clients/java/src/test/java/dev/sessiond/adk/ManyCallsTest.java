package dev.sessiond.adk;

import static dev.sessiond.support.Examples.app;
import static dev.sessiond.support.Examples.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.events.Event;
import com.google.adk.sessions.GetSessionConfig;
import com.google.adk.sessions.Session;
import dev.sessiond.support.Calls;
import dev.sessiond.support.Proxy;
import dev.sessiond.support.TestServer;
import io.grpc.Status;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** More calls at once than a connection takes. */
@Timeout(180)
class ManyCallsTest {
  private final String app = app();
  private final Calls calls = new Calls();

  @TempDir Path folder;

  private SessiondSessionService service(String target, double deadline) {
    return new SessiondSessionService(
        Options.builder(target)
            .deadline(Duration.ofMillis((long) (deadline * 1000)))
            .channel(builder -> builder.intercept(calls))
            .build());
  }

  private Single<Session> create(SessiondSessionService service, String id) {
    return service.createSession(app, "ana", Map.of(), id);
  }

  private List<CompletableFuture<Session>> create(SessiondSessionService service, int number) {
    return IntStream.range(0, number).mapToObj(one -> begin(create(service, "s" + one))).toList();
  }

  /** Reads a session by a stream, as long histories are, or those that a time narrows. */
  private Single<Session> stream(SessiondSessionService service) {
    GetSessionConfig all = GetSessionConfig.builder().afterTimestamp(Instant.EPOCH).build();
    return service.getSession(app, "ana", "own", Optional.of(all)).toSingle();
  }

  private Set<String> stored(SessiondSessionService service) {
    return service.listSessions(app, "ana").blockingGet().sessions().stream()
        .map(Session::id)
        .collect(Collectors.toCollection(HashSet::new));
  }

  private static <T> CompletableFuture<T> begin(Single<T> call) {
    return call.toCompletionStage().toCompletableFuture();
  }

  private static <T> Throwable failure(CompletableFuture<T> call) {
    return assertThrows(ExecutionException.class, () -> call.get(100, TimeUnit.SECONDS)).getCause();
  }

  @Test
  void allLandThoughTogetherTheyTakeLongerThanTheDeadline() throws Exception {
    // Each way takes 100 ms, so that 30 rounds of 100 take 6 s at least; and without a line in the
    // client, 27 rounds of as many as the connection takes 5.4 s.
    TestServer server = TestServer.start(folder, "--max-streams-per-connection", "110");
    try (server;
        Proxy proxy = new Proxy(server.target());
        SessiondSessionService service = service(proxy.target(), 4)) {
      proxy.slow(100);
      for (CompletableFuture<Session> create : create(service, 3_000)) {
        create.get();
      }
      proxy.slow(0);
      assertEquals(3_000, stored(service).size());
      assertEquals(100, calls.most());
    }
  }

  @Test
  void callsToADeadServerFailTogether() {
    try (SessiondSessionService service = service(TestServer.stopped(folder).target(), 2)) {
      long start = System.nanoTime();
      for (CompletableFuture<Session> create : create(service, 10_000)) {
        Throwable error = failure(create);
        assertTrue(error instanceof UnavailableException, error.toString());
      }
      // A hundred at a time would take 200 s.
      long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
      assertTrue(seconds < 60, seconds + " s");
    }
  }

  @Test
  void aServerThatIsKilledAmongManyCalls() throws Exception {
    TestServer server = TestServer.start(folder);
    try (server;
        SessiondSessionService service = service(server.target(), 2)) {
      CountDownLatch some = new CountDownLatch(500);
      List<CompletableFuture<Session>> creates = new ArrayList<>();
      for (int number = 0; number < 10_000; number++) {
        Single<Session> create = create(service, "s" + number);
        creates.add(begin(create.doOnSuccess(session -> some.countDown())));
      }
      some.await();
      server.kill();
      long start = System.nanoTime();
      Set<String> landed = new HashSet<>();
      int failed = 0;
      for (CompletableFuture<Session> create : creates) {
        try {
          landed.add(create.get(100, TimeUnit.SECONDS).id());
        } catch (ExecutionException error) {
          failed++;
          Throwable cause = error.getCause();
          assertTrue(
              cause instanceof UnavailableException || cause instanceof DeadlineException,
              cause.toString());
        }
      }
      long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
      assertTrue(seconds < 60, seconds + " s");
      assertEquals(10_000, landed.size() + failed);
      assertTrue(failed > 0, "the server was gone before the end");
      server.start();
      try (SessiondSessionService patient = service(server.target(), 60)) {
        assertTrue(stored(patient).containsAll(landed));
        assertEquals("later", create(patient, "later").blockingGet().id());
      }
      assertEquals("last", create(service, "last").blockingGet().id());
    }
  }

  @Test
  void aServerThatIsStartedAgainAmongManyCalls() throws Exception {
    TestServer server = TestServer.start(folder);
    try (server;
        SessiondSessionService service = service(server.target(), 100)) {
      List<CompletableFuture<Session>> creates = create(service, 3_000);
      creates.get(200).get();
      server.close();
      server.start();
      creates.get(1_000).get();
      server.kill();
      server.start();
      for (CompletableFuture<Session> create : creates) {
        create.get();
      }
      assertEquals(3_000, stored(service).size());
    }
  }

  @Test
  void whoLeavesTheLineIsNeverSent() throws Exception {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 30);
        SessiondSessionService direct = service(TestServer.sharedTarget(), 30)) {
      Session session = create(service, "own").blockingGet();
      proxy.loseAnswers();
      List<Disposable> hundred =
          IntStream.range(0, 100)
              .mapToObj(number -> create(service, "first" + number).subscribe())
              .toList();
      List<Disposable> waiting =
          IntStream.range(0, 50)
              .mapToObj(number -> create(service, "waiting" + number).subscribe())
              .toList();
      Disposable append = service.appendEvent(session, message("withdrawn")).subscribe();
      assertEquals(101, calls.begun());
      append.dispose();
      CompletableFuture<Event> after = begin(service.appendEvent(session, message("after")));
      waiting.forEach(Disposable::dispose);
      proxy.cut();
      hundred.forEach(Disposable::dispose);
      after.get();
      assertEquals(1, session.events().size());
      assertTrue(stored(direct).stream().noneMatch(id -> id.startsWith("waiting")));
      assertEquals(
          List.of("after"),
          direct
              .getSession(app, "ana", "own", Optional.empty())
              .map(read -> read.events().stream().map(Event::stringifyContent).toList())
              .blockingGet());
    }
  }

  @Test
  void aClosedServiceEndsThoseThatWait() throws Exception {
    try (Proxy proxy = new Proxy(TestServer.sharedTarget());
        SessiondSessionService service = service(proxy.target(), 100)) {
      create(service, "own").blockingGet();
      proxy.loseAnswers();
      List<CompletableFuture<Session>> creates = create(service, 1_000);
      List<CompletableFuture<Session>> reads =
          IntStream.range(0, 200).mapToObj(one -> begin(stream(service))).toList();
      long start = System.nanoTime();
      service.close();
      for (CompletableFuture<Session> create : creates) {
        assertEquals("The session service was closed.", failure(create).getMessage());
      }
      for (CompletableFuture<Session> read : reads) {
        assertEquals("The session service was closed.", failure(read).getMessage());
      }
      assertTrue(System.nanoTime() - start < Duration.ofSeconds(40).toNanos());
      proxy.cut();
      assertEquals("anew", create(service, "anew").blockingGet().id());
    }
  }

  @Test
  void historiesHaveALineOfTheirOwn() throws Exception {
    try (SessiondSessionService service = service(TestServer.sharedTarget(), 30)) {
      Session session = create(service, "own").blockingGet();
      service.appendEvent(session, message("1")).blockingGet();
      List<CompletableFuture<Session>> reads =
          IntStream.range(0, 500).mapToObj(one -> begin(stream(service))).toList();
      for (CompletableFuture<Session> read : reads) {
        assertEquals(1, read.get().events().size());
      }
      assertEquals(64, calls.most());
    }
  }

  @Test
  void whatWasHeldBackOnTheWayIsSentAgain() {
    try (SessiondSessionService service = service(TestServer.sharedTarget(), 30)) {
      calls.refuse(2, Status.RESOURCE_EXHAUSTED.withDescription("Bandwidth exhausted"));
      Session session = create(service, "own").blockingGet();
      assertEquals(3, calls.begun());
      calls.refuse(1, Status.RESOURCE_EXHAUSTED);
      service.appendEvent(session, message("1")).blockingGet();
      calls.refuse(1, Status.RESOURCE_EXHAUSTED);
      Session read = stream(service).blockingGet();
      assertEquals(1, read.events().size());
      assertEquals(7, calls.begun());
    }
  }

  @Test
  void aMessageOverTheChannelsLimitIsNotSentAgain() {
    try (SessiondSessionService wide = service(TestServer.sharedTarget(), 30);
        SessiondSessionService narrow =
            new SessiondSessionService(
                Options.builder(TestServer.sharedTarget())
                    .channel(builder -> builder.intercept(calls).maxInboundMessageSize(2_000))
                    .build())) {
      Map<String, Object> state = Map.of("k", "x".repeat(3_000));
      wide.createSession(app, "ana", state, "large").blockingGet();
      int before = calls.begun();
      TooLargeException error =
          assertThrows(
              TooLargeException.class, () -> narrow.listSessions(app, "ana").blockingGet());
      assertEquals(Optional.of(Status.Code.RESOURCE_EXHAUSTED), error.code());
      assertThrows(
          TooLargeException.class, () -> narrow.listEvents(app, "ana", "large").blockingGet());
      assertEquals(List.of("ListSessions", "GetSession", "StreamEvents"), calls.since(before));
    }
  }
}
