package dev.sessiond.adk;

import static dev.sessiond.support.Examples.app;
import static dev.sessiond.support.Examples.change;
import static dev.sessiond.support.Examples.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.events.Event;
import com.google.adk.sessions.GetSessionConfig;
import com.google.adk.sessions.Session;
import com.google.adk.sessions.SessionException;
import com.google.adk.sessions.SessionNotFoundException;
import com.google.adk.sessions.State;
import dev.sessiond.support.Events;
import dev.sessiond.support.TestServer;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.schedulers.Schedulers;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Appends: what they store, what they do to the session object, and who may append. */
@Tag("contract")
class AppendTest {
  private final SessiondSessionService service =
      new SessiondSessionService(TestServer.sharedTarget());
  private final String app = app();

  @AfterEach
  void close() {
    service.close();
  }

  private Session create(String id) {
    return service.createSession(app, "ana", Map.of(), id).blockingGet();
  }

  private Session read(String id) {
    return service.getSession(app, "ana", id, Optional.empty()).blockingGet();
  }

  private Event append(Session session, Event event) {
    return service.appendEvent(session, event).blockingGet();
  }

  private static List<String> ids(Session session) {
    return session.events().stream().map(Event::id).toList();
  }

  /** Everything of a session that a failed append must not touch. */
  private static String everything(Session session) {
    return session.toJson() + session.lastUpdateTime() + Markers.of(session);
  }

  @Test
  void everythingOfAnEventComesBack() {
    Session session = create("s1");
    Event event = Events.full();
    String before = event.toJson();
    assertSame(event, append(session, event));
    assertEquals(before, event.toJson());
    Session read = read("s1");
    assertEquals(EventConversion.toProto(event), EventConversion.toProto(read.events().get(0)));
    assertEquals(session.state(), read.state());
    assertEquals(session.lastUpdateTime(), read.lastUpdateTime());
    assertEquals(Instant.ofEpochMilli(event.timestamp()), read.lastUpdateTime());
    assertSame(event, session.events().get(0));
  }

  @Test
  void stateOfEveryScope() {
    Session session = create("s1");
    append(session, change("k", 1, "user:u", "x", "app:a", List.of(1), "temp:t", "now"));
    assertEquals(
        Map.of("k", 1, "user:u", "x", "app:a", List.of(1), "temp:t", "now"), session.state());
    assertEquals(Map.of("k", 1, "user:u", "x", "app:a", List.of(1)), read("s1").state());
    assertEquals(Map.of("user:u", "x", "app:a", List.of(1)), create("s2").state());
    Session other = service.createSession(app, "bob", Map.of(), "s1").blockingGet();
    assertEquals(Map.of("app:a", List.of(1)), other.state());
    assertEquals(Map.of("u", "x"), service.getUserState(app, "ana").blockingGet());
    assertEquals(Map.of(), service.getUserState(app, "bob").blockingGet());
    Event stored = read("s1").events().get(0);
    assertFalse(stored.actions().stateDelta().containsKey("temp:t"));
  }

  @Test
  void removedKeysAreGone() {
    Session session = create("s1");
    append(session, change("k", 1, "user:u", 2, "app:a", 3, "stays", 4));
    Event removing = message("remove");
    removing.actions().removeStateByKey("k");
    removing.actions().removeStateByKey("user:u");
    removing.actions().stateDelta().put("app:a", State.REMOVED);
    removing.actions().removeStateByKey("temp:none");
    append(session, removing);
    assertEquals(Map.of("stays", 4), session.state());
    Session read = read("s1");
    assertEquals(Map.of("stays", 4), read.state());
    Map<String, Object> delta = read.events().get(1).actions().stateDelta();
    assertEquals(Set.of("k", "user:u", "app:a"), delta.keySet());
    assertTrue(delta.values().stream().allMatch(value -> value == State.REMOVED));
  }

  @Test
  void valuesAreReplacedAsAWhole() {
    Session session = create("s1");
    append(session, change("k", Map.of("a", 1, "b", 2)));
    append(session, change("k", Map.of("a", 3)));
    assertEquals(Map.of("k", Map.of("a", 3)), read("s1").state());
  }

  @Test
  void timesMayGoBackwards() {
    Session session = create("s1");
    for (long time : new long[] {2_000, 1_000, 1_000, -62_135_596_800_000L}) {
      append(session, message("x").toBuilder().timestamp(time).build());
      assertEquals(Instant.ofEpochMilli(time), session.lastUpdateTime());
    }
    assertEquals(ids(session), ids(read("s1")));
    assertEquals(Instant.ofEpochMilli(-62_135_596_800_000L), read("s1").lastUpdateTime());
  }

  @Test
  void partialEventsAreNotSent() {
    Session session = create("s1");
    String before = everything(session);
    Event event = change("k", 1, "temp:t", 1).toBuilder().partial(true).build();
    assertSame(event, append(session, event));
    assertEquals(before, everything(session));
    append(session, message("whole").toBuilder().partial(false).build());
    assertEquals(Optional.of(false), read("s1").events().get(0).partial());
    assertEquals(1, read("s1").events().size());
  }

  @Test
  void anUnknownSessionIsAdksError() {
    Session gone = create("s1");
    service.deleteSession(app, "ana", "s1").blockingAwait();
    Session byHand = Session.builder("s1").appName(app).userId("ana").build();
    for (Session session : List.of(gone, byHand)) {
      SessionNotFoundException error =
          assertThrows(SessionNotFoundException.class, () -> append(session, message("x")));
      assertEquals("Session s1 not found.", error.getMessage());
      assertTrue(session.events().isEmpty());
    }
  }

  @Test
  void aStaleSessionIsRefused() {
    Session one = create("s1");
    Session other = read("s1");
    append(one, change("k", 1));
    String before = everything(other);
    Event event = change("k", 2, "temp:t", 1);
    StaleSessionException error =
        assertThrows(StaleSessionException.class, () -> append(other, event));
    assertEquals(
        "The session has been modified in storage since it was loaded. Please reload the session"
            + " before appending more events.",
        error.getMessage());
    assertEquals("STALE_SESSION", error.reason());
    assertEquals("1", error.metadata().get("head_seq"));
    assertFalse(error.requestId().isEmpty());
    assertEquals(before, everything(other));
    assertEquals(Map.of("k", 1), read("s1").state());
    Session again = read("s1");
    append(again, event);
    append(again, message("more"));
    assertEquals(3, read("s1").events().size());
  }

  @Test
  void aSessionThatWasMadeAgainIsStale() {
    Session session = create("s1");
    service.deleteSession(app, "ana", "s1").blockingAwait();
    create("s1");
    assertThrows(StaleSessionException.class, () -> append(session, message("x")));
    try (SessiondSessionService appending = appending()) {
      assertThrows(
          StaleSessionException.class,
          () -> appending.appendEvent(session, message("x")).blockingGet());
    }
    assertTrue(read("s1").events().isEmpty());
  }

  private static SessiondSessionService appending() {
    return new SessiondSessionService(
        Options.builder(TestServer.sharedTarget()).onStale(StalePolicy.APPEND).build());
  }

  @Test
  void aCopyIsTakenIfItEndsInTheSameEvent() {
    Session session = create("s1");
    Session empty = Session.fromJson(session.toJson());
    append(empty, message("one"));
    append(empty, message("two"));
    Session copy = Session.fromJson(empty.toJson());
    append(copy, message("three"));
    for (Session behind : List.of(Session.fromJson(session.toJson()), empty)) {
      StaleSessionException error =
          assertThrows(StaleSessionException.class, () -> append(behind, message("late")));
      assertEquals("STALE_SESSION", error.reason());
    }
    assertEquals(3, read("s1").events().size());
  }

  @Test
  void whoAppendsAllTheSameDoes() {
    try (SessiondSessionService appending = appending()) {
      Session one = create("s1");
      Session other = read("s1");
      Session byHand = Session.builder("s1").appName(app).userId("ana").build();
      for (Session session : List.of(one, other, byHand, one)) {
        appending.appendEvent(session, message("x")).blockingGet();
      }
      assertEquals(4, read("s1").events().size());
      assertEquals(2, one.events().size());
    }
  }

  @Test
  void sessionsReadInPartCanBeAppendedTo() {
    Session session = create("s1");
    append(session, message("one"));
    append(session, message("two"));
    for (GetSessionConfig config :
        List.of(
            GetSessionConfig.builder().numRecentEvents(0).build(),
            GetSessionConfig.builder().numRecentEvents(1).build(),
            GetSessionConfig.builder().afterTimestamp(Instant.MAX).build())) {
      Session part = service.getSession(app, "ana", "s1", Optional.of(config)).blockingGet();
      int before = part.events().size();
      append(part, message("more"));
      assertEquals(before + 1, part.events().size());
    }
    assertEquals(5, read("s1").events().size());
  }

  @Test
  void theSameEventAgainIsStoredOnce() {
    Session session = create("s1");
    Session before = read("s1");
    Event event = change("k", 1, "temp:t", 1);
    append(session, event);
    append(session, message("next"));
    // By a program that loaded the session before it, after it, and that has it.
    append(before, Event.fromJson(event.toJson()));
    Session after = read("s1");
    append(after, event);
    append(session, event);
    assertEquals(2, read("s1").events().size());
    assertEquals(List.of(event.id()), ids(before));
    assertEquals(2, after.events().size());
    assertEquals(2, session.events().size());
    assertEquals(1, after.state().get("temp:t"));
    append(session, message("goes on"));
  }

  @Test
  void anotherEventOfTheSameIdIsRefused() {
    Session session = create("s1");
    Event event = message("one");
    append(session, event);
    String before = everything(session);
    Event other = message("other").toBuilder().id(event.id()).build();
    EventIdConflictException error =
        assertThrows(EventIdConflictException.class, () -> append(session, other));
    assertEquals(event.id(), error.metadata().get("event_id"));
    assertEquals(before, everything(session));
    // In another session it is another event.
    append(create("s2"), other);
  }

  @Test
  void anEventWithoutAnIdGetsOne() {
    Session session = create("s1");
    Event event = message("x");
    event.setId(null);
    append(session, event);
    assertFalse(event.id().isEmpty());
    assertEquals(List.of(event.id()), ids(read("s1")));
  }

  @Test
  void concurrentAppendsOfOneObjectKeepTheirOrder() {
    Session session = create("s1");
    List<Event> events =
        IntStream.range(0, 100)
            .mapToObj(number -> change("k" + number, number, "last", number))
            .toList();
    List<Event> stored =
        Flowable.fromIterable(events)
            .flatMapSingle(event -> service.appendEvent(session, event))
            .toList()
            .blockingGet();
    assertEquals(100, stored.size());
    List<String> expected = events.stream().map(Event::id).toList();
    assertEquals(expected, ids(session));
    assertEquals(expected, ids(read("s1")));
    assertEquals(99, session.state().get("last"));
    assertEquals(read("s1").state(), session.state());
  }

  @Test
  void threadsCanAppendToOneObject() {
    Session session = create("s1");
    Flowable.range(0, 60)
        .flatMap(
            number ->
                Flowable.fromCallable(() -> append(session, change("k" + number, number)))
                    .subscribeOn(Schedulers.io()),
            8)
        .blockingSubscribe();
    Session read = read("s1");
    assertEquals(ids(session), ids(read));
    assertEquals(60, new HashSet<>(ids(read)).size());
    assertEquals(60, read.state().size());
    assertEquals(read.state(), session.state());
  }

  @Test
  void aFailureAmongThemStopsOnlyItself() {
    Session session = create("s1");
    Event tooLong = message("bad").toBuilder().id("x".repeat(192)).build();
    Event unsendable = change("k", new Object());
    List<Single<Event>> appends = new ArrayList<>();
    for (Event event : List.of(message("1"), tooLong, message("2"), unsendable, message("3"))) {
      appends.add(service.appendEvent(session, event));
    }
    List<Boolean> failed =
        Flowable.fromIterable(appends)
            .concatMapEagerDelayError(
                one ->
                    one.map(event -> false)
                        .onErrorReturn(error -> error instanceof InvalidRequestException)
                        .toFlowable(),
                true)
            .toList()
            .blockingGet();
    assertEquals(List.of(false, true, false, true, false), failed);
    assertEquals(3, read("s1").events().size());
    assertEquals(ids(session), ids(read("s1")));
  }

  @Test
  void aViolationNamesItsField() {
    Session session = create("s1");
    InvalidRequestException error =
        assertThrows(
            InvalidRequestException.class,
            () -> append(session, message("x").toBuilder().id("x".repeat(192)).build()));
    assertTrue(error.violations().containsKey("event.id"), error.violations().toString());
    assertEquals("INVALID_FIELD", error.reason());
  }

  @Test
  void manyViolationsAreTold() {
    Session session = create("s1");
    Event event = message("x");
    for (int number = 0; number < 500; number++) {
      event.actions().stateDelta().put("k".repeat(600) + number, 1);
    }
    InvalidRequestException error =
        assertThrows(InvalidRequestException.class, () -> append(session, event));
    assertEquals("INVALID_FIELD", error.reason());
    assertFalse(error.violations().isEmpty());
  }

  @Test
  void whoLeavesBeforeItsTurnWithdraws() {
    Session session = create("s1");
    Single<Event> first = service.appendEvent(session, message("1")).cache();
    var running = first.subscribe();
    var withdrawn = service.appendEvent(session, message("withdrawn")).subscribe();
    withdrawn.dispose();
    running.dispose();
    // The first goes on by itself, so that the object follows what is stored.
    append(session, message("2"));
    assertEquals(2, session.events().size());
    assertEquals(ids(session), ids(read("s1")));
  }

  @Test
  void manySessionsAtOnce() {
    Flowable.range(0, 20)
        .flatMapCompletable(
            number ->
                service
                    .createSession(app, "u" + number % 3, Map.of(), "s" + number)
                    .flatMapPublisher(
                        session ->
                            Flowable.range(0, 5)
                                .concatMapSingle(
                                    step ->
                                        service.appendEvent(
                                            session, change("app:n" + number, step))))
                    .ignoreElements())
        .blockingAwait();
    Session session = service.createSession(app, "zoe", Map.of(), null).blockingGet();
    assertEquals(20, session.state().size());
    assertTrue(session.state().values().stream().allMatch(Integer.valueOf(4)::equals));
  }

  @Test
  void aTooLargeEventIsRefusedWithTheLimit() {
    Session session = create("s1");
    // The first is too large for an event, the second for a message.
    for (Map.Entry<Integer, Integer> each : Map.of(16, 16, 64, 17).entrySet()) {
      String text = "x".repeat(each.getKey() << 20);
      TooLargeException error =
          assertThrows(TooLargeException.class, () -> append(session, message(text)));
      assertEquals(String.valueOf(each.getValue() << 20), error.metadata().get("limit_bytes"));
      assertTrue(error instanceof SessionException);
    }
    assertTrue(session.events().isEmpty());
    Event large = message("x".repeat(15 << 20));
    append(session, large);
    assertEquals(15 << 20, read("s1").events().get(0).content().get().text().length());
  }
}
