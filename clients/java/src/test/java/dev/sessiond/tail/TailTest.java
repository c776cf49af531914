package dev.sessiond.tail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.sessions.SessionNotFoundException;
import dev.sessiond.RpcStatus;
import dev.sessiond.adk.EventConversion;
import dev.sessiond.adk.SessiondException;
import dev.sessiond.adk.SessiondSessionService;
import dev.sessiond.internal.SilenceException;
import dev.sessiond.support.Examples;
import dev.sessiond.support.Proxy;
import dev.sessiond.support.StubSession;
import dev.sessiond.support.TestServer;
import dev.sessiond.support.Updates;
import dev.sessiond.v1.Event;
import dev.sessiond.v1.EventsFrame;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.StreamEventsRequest;
import dev.sessiond.v1.StreamEventsResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.subscribers.TestSubscriber;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Live tails: history to live, resumes, servers that go away, sessions that do, slow readers. */
class TailTest {
  private static final TailOptions QUICK =
      TailOptions.DEFAULT.backoff(new Backoff(Duration.ofMillis(50), Duration.ofMillis(200)));

  private final String target = TestServer.sharedTarget();
  private StubSession session;

  @TempDir Path folder;

  @BeforeEach
  void create() {
    session = new StubSession(target, Examples.app());
    session.create();
  }

  @AfterEach
  void close() {
    session.close();
  }

  private Updates follow(TailOptions options) {
    return Updates.of(Tail.follow(target, session.key(), options));
  }

  @Test
  void historyThenLive() {
    session.append("1", "2", "3");
    try (Updates updates = follow(QUICK)) {
      List<Update> history = updates.until(Update.CaughtUp.class);
      Update.Opened opened = assertInstanceOf(Update.Opened.class, history.get(0));
      assertEquals(3, opened.session().getHeadSeq());
      assertEquals("1", opened.session().getStateMap().get("k"));
      assertFalse(opened.resumed());
      assertEquals(List.of("1", "2", "3"), Updates.ids(history));
      session.append("4");
      assertEquals(List.of("4"), Updates.ids(updates.untilEvent("4")));
      session.rename("A name");
      Update.Changed changed = (Update.Changed) Updates.last(updates.until(Update.Changed.class));
      assertEquals(4, changed.change().getAfterSeq());
      assertEquals(List.of("display_name"), changed.change().getChanged().getPathsList());
    }
  }

  @Test
  void whereItBegins() {
    session.append("1", "2", "3");
    assertEquals(List.of("2", "3"), history(QUICK.afterSeq(1)));
    assertEquals(List.of("3"), history(QUICK.numRecentEvents(1)));
    assertEquals(List.of(), history(QUICK.numRecentEvents(0)));
    assertEquals(List.of(), history(QUICK.afterTime(4e9)));
    assertEquals(List.of("3"), history(QUICK.afterSeq(2).sessionUid(session.uid())));
  }

  private List<String> history(TailOptions options) {
    try (Updates updates = follow(options)) {
      return Updates.ids(updates.until(Update.CaughtUp.class));
    }
  }

  @Test
  void aResumeFromEachCursor() {
    for (int number = 0; number < 5; number++) {
      session.append(number + "a", number + "b");
      session.rename("name " + number);
    }
    List<Update> found;
    try (Updates updates = follow(QUICK)) {
      found = new ArrayList<>(updates.until(Update.CaughtUp.class));
      session.append("5");
      found.addAll(updates.untilEvent("5"));
    }
    List<String> everything = Updates.ids(found);
    assertEquals(11, everything.size());
    for (int index = 0; index < found.size(); index++) {
      String cursor = ((Update.Placed) found.get(index)).cursor();
      try (Updates updates = follow(QUICK.cursor(cursor))) {
        List<Update> rest = updates.until(Update.CaughtUp.class);
        assertTrue(((Update.Opened) rest.get(0)).resumed());
        List<String> both = new ArrayList<>(Updates.ids(found.subList(0, index + 1)));
        both.addAll(Updates.ids(rest));
        assertEquals(everything, both);
      }
    }
  }

  @Test
  void aServerThatIsKilled() {
    List<Update> found = new ArrayList<>();
    TestServer server = TestServer.start(folder);
    try (server;
        StubSession own = new StubSession(server.target(), "app")) {
      own.create();
      own.append("1");
      try (Updates updates = Updates.of(Tail.follow(server.target(), own.key(), QUICK))) {
        found.addAll(updates.until(Update.CaughtUp.class));
        for (String name : List.of("2", "3")) {
          server.kill();
          found.addAll(updates.until(Update.Waiting.class));
          server.start();
          // While the tail is away: only a resume from the cursor tells of a change.
          own.rename(name);
          own.append(name);
          found.addAll(updates.untilEvent(name));
        }
        // And one that goes down in good order.
        server.close();
        found.addAll(updates.until(Update.Waiting.class));
        server.start();
        own.append("4");
        found.addAll(updates.untilEvent("4"));
      }
    }
    assertEquals(List.of("1", "2", "3", "4"), Updates.ids(found));
    List<Long> changes =
        Updates.of(found, Update.Changed.class).stream()
            .map(update -> update.change().getAfterSeq())
            .toList();
    assertEquals(List.of(1L, 2L), changes);
    List<Update.Opened> opened = Updates.of(found, Update.Opened.class);
    assertEquals(1, opened.stream().filter(update -> !update.resumed()).count());
  }

  @Test
  void aConnectionThatIsCutAgainAndAgain() {
    try (Proxy proxy = new Proxy(target);
        Updates updates = Updates.of(Tail.follow(proxy.target(), session.key(), QUICK))) {
      List<Update> found = new ArrayList<>(updates.until(Update.CaughtUp.class));
      for (int round = 0; round < 5; round++) {
        session.append(round + "a");
        proxy.cut();
        session.append(round + "b", round + "c");
        found.addAll(updates.untilEvent(round + "c"));
      }
      assertEquals(
          IntStream.range(0, 5)
              .boxed()
              .flatMap(round -> List.of(round + "a", round + "b", round + "c").stream())
              .toList(),
          Updates.ids(found));
    }
  }

  @Test
  void aConnectionThatFallsSilent() {
    try (Proxy proxy = new Proxy(target);
        Updates updates =
            Updates.of(
                Tail.follow(
                    proxy.target(), session.key(), QUICK.heartbeat(Duration.ofSeconds(1))))) {
      updates.until(Update.CaughtUp.class);
      proxy.loseAnswers();
      session.append("1");
      Update.Waiting waiting = (Update.Waiting) Updates.last(updates.until(Update.Waiting.class));
      assertInstanceOf(SilenceException.class, waiting.error());
      proxy.cut();
      assertEquals(List.of("1"), Updates.ids(updates.untilEvent("1")));
    }
  }

  @Test
  void aSessionThatIsDeletedAndOneThatIsMadeAgain() {
    session.append("1");
    String cursor;
    try (Updates updates = follow(QUICK)) {
      cursor = ((Update.Placed) Updates.last(updates.until(Update.CaughtUp.class))).cursor();
      session.delete();
      Update.Ended ended = (Update.Ended) Updates.last(updates.until(Update.Ended.class));
      assertEquals(TailEnd.DELETED, ended.reason());
      updates.awaitComplete();
    }
    assertEquals("SESSION_NOT_FOUND", failure(QUICK.cursor(cursor)).reason());
    session.create();
    assertEquals("SESSION_RECREATED", failure(QUICK.cursor(cursor)).reason());
    assertEquals("INVALID_CURSOR", failure(QUICK.cursor("none")).reason());
  }

  private RpcStatus failure(TailOptions options) {
    StatusRuntimeException error =
        assertThrows(
            StatusRuntimeException.class,
            () -> Tail.follow(target, session.key(), options).blockingLast());
    return RpcStatus.of(error);
  }

  @Test
  void moreTailsThanTheServerTakesAndLeaving() {
    // The server takes one tail: the next gets in only when the one before is gone there, too.
    TestServer server = TestServer.start(folder, "--max-tails-per-session", "1");
    try (server;
        StubSession own = new StubSession(server.target(), "app")) {
      own.create();
      ManagedChannel channel = own.channel();
      try (Updates second = Updates.of(Tail.follow(channel, own.key(), QUICK))) {
        try (Updates first = Updates.of(Tail.follow(channel, own.key(), QUICK))) {
          first.until(Update.CaughtUp.class);
          Update.Waiting waiting =
              (Update.Waiting) Updates.last(second.until(Update.Waiting.class));
          StatusRuntimeException error =
              assertInstanceOf(StatusRuntimeException.class, waiting.error());
          Duration asked = RpcStatus.of(error).retryDelay().orElseThrow();
          assertTrue(waiting.delay().compareTo(asked) >= 0);
        }
        second.until(Update.CaughtUp.class);
      }
    }
  }

  @Test
  void aLongHistory() {
    List<String> names = IntStream.range(0, 1_000).mapToObj(String::valueOf).toList();
    for (int begin = 0; begin < 1_000; begin += 250) {
      session.append(names.subList(begin, begin + 250).toArray(String[]::new));
    }
    assertEquals(names, history(QUICK));
  }

  @Test
  void noMoreIsGivenThanIsRequested() {
    session.append("1");
    session.append("2");
    TestSubscriber<Update> subscriber = new TestSubscriber<>(0);
    Tail.follow(target, session.key(), QUICK).subscribe(subscriber);
    subscriber.assertEmpty();
    subscriber.request(1);
    subscriber.awaitCount(1);
    subscriber.assertValueCount(1);
    assertInstanceOf(Update.Opened.class, subscriber.values().get(0));
    subscriber.request(1);
    subscriber.awaitCount(2);
    subscriber.request(1);
    subscriber.awaitCount(3);
    assertInstanceOf(Update.CaughtUp.class, subscriber.values().get(2));
    // What happens now is not told before it is asked for.
    session.append("3");
    subscriber.assertValueCount(3);
    subscriber.request(Long.MAX_VALUE);
    subscriber.awaitCount(4);
    assertEquals(List.of("1", "2", "3"), Updates.ids(subscriber.values()));
    subscriber.cancel();
    subscriber.assertNoErrors();
  }

  @Test
  void aRequestForNothingIsAnError() {
    TestSubscriber<Update> subscriber = new TestSubscriber<>(0);
    Tail.follow(target, session.key(), QUICK)
        .subscribe(
            new org.reactivestreams.Subscriber<>() {
              @Override
              public void onSubscribe(org.reactivestreams.Subscription subscription) {
                subscriber.onSubscribe(subscription);
                subscription.request(0);
              }

              @Override
              public void onNext(Update update) {
                subscriber.onNext(update);
              }

              @Override
              public void onError(Throwable error) {
                subscriber.onError(error);
              }

              @Override
              public void onComplete() {
                subscriber.onComplete();
              }
            });
    subscriber.assertError(IllegalArgumentException.class);
  }

  @Test
  void aReaderThatStallsLosesNothing() {
    TestServer server = TestServer.start(folder, "--stall-timeout", "1s");
    try (server;
        StubSession own = new StubSession(server.target(), "app")) {
      own.create();
      List<String> names = IntStream.range(0, 48).mapToObj(String::valueOf).toList();
      names.forEach(name -> own.appendLarge(name, 1_000_000));
      try (Updates updates = Updates.of(Tail.follow(server.target(), own.key(), QUICK))) {
        List<Update> found = new ArrayList<>(updates.until(Update.Events.class));
        // The server cannot get rid of the rest, since nothing is read ahead, and ends the stream.
        server.awaitNoTails();
        found.addAll(updates.until(Update.CaughtUp.class));
        assertEquals(1, Updates.of(found, Update.Waiting.class).size());
        assertEquals(names, Updates.ids(found));
      }
    }
  }

  @Test
  void whatIsRepeatedAndWhatIsMissing() {
    // No server of ours does this to a client.
    Follower follower =
        new Follower(SessionKey.getDefaultInstance(), StreamEventsRequest.getDefaultInstance());
    assertEquals(List.of(1L, 2L, 3L), seqs(follower.update(events(1, 2, 3))));
    assertEquals(List.of(4L), seqs(follower.update(events(2, 3, 4))));
    assertEquals(null, follower.update(events(3, 4)));
    follower.update(
        StreamEventsResponse.newBuilder()
            .setSeq(4)
            .setCaughtUp(dev.sessiond.v1.CaughtUpFrame.getDefaultInstance())
            .build());
    assertThrows(TailException.class, () -> follower.update(events(6)));
    assertThrows(TailException.class, () -> follower.update(events(5, 7)));
    assertEquals(List.of(5L, 6L), seqs(follower.update(events(5, 6))));
  }

  private static StreamEventsResponse events(long... seqs) {
    EventsFrame.Builder frame = EventsFrame.newBuilder();
    LongStream.of(seqs).forEach(seq -> frame.addEvents(Event.newBuilder().setSeq(seq)));
    return StreamEventsResponse.newBuilder().setEvents(frame).build();
  }

  private static List<Long> seqs(Update update) {
    return ((Update.Events) update).events().stream().map(Event::getSeq).toList();
  }

  @Test
  void overTheSessionService() {
    session.append("1");
    String app = session.key().getAppName();
    try (SessiondSessionService service = new SessiondSessionService(target)) {
      try (Updates updates = Updates.of(service.tail(app, "u", "s", QUICK))) {
        List<Update> found = new ArrayList<>(updates.until(Update.CaughtUp.class));
        // Calls go on beside it.
        assertEquals("s", service.listSessions(app, "u").blockingGet().sessions().get(0).id());
        session.append("2");
        found.addAll(updates.untilEvent("2"));
        List<String> authors =
            Updates.of(found, Update.Events.class).stream()
                .flatMap(update -> update.events().stream())
                .map(event -> EventConversion.fromProto(event).author())
                .toList();
        assertEquals(List.of("u", "u"), authors);
      }
      assertThrows(
          SessionNotFoundException.class, () -> service.tail(app, "u", "none").blockingLast());
      // Closing the service ends its tails.
      Flowable<Update> tail = service.tail(app, "u", "s", QUICK).replay().autoConnect();
      tail.filter(update -> update instanceof Update.CaughtUp).blockingFirst();
      service.close();
      assertThrows(SessiondException.class, tail::blockingLast);
    }
  }
}
