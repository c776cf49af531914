package dev.sessiond.adk;

import static dev.sessiond.support.Examples.app;
import static dev.sessiond.support.Examples.change;
import static dev.sessiond.support.Examples.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.events.Event;
import com.google.adk.sessions.GetSessionConfig;
import com.google.adk.sessions.Session;
import dev.sessiond.support.Calls;
import dev.sessiond.support.TestServer;
import io.reactivex.rxjava3.core.Flowable;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Histories that come in one answer, and those that come in two parts. */
class HistoriesTest {
  private static final List<String> ONE = List.of("GetSession");
  private static final List<String> TWO = List.of("GetSession", "StreamEvents");

  private final String app = app();
  private final Calls calls = new Calls();
  private final SessiondSessionService service =
      new SessiondSessionService(
          Options.builder(TestServer.sharedTarget())
              .channel(builder -> builder.intercept(calls))
              .build());

  /** What others do, over a connection of their own. */
  private final SessiondSessionService others =
      new SessiondSessionService(TestServer.sharedTarget());

  private List<String> made = List.of();

  @AfterEach
  void close() {
    service.close();
    others.close();
  }

  private Session create(Map<String, Object> state) {
    return others.createSession(app, "ana", state, "s1").blockingGet();
  }

  private void append(Session session, int count) {
    Flowable.range(0, count)
        .concatMapSingle(
            number -> others.appendEvent(session, change("last", number, "k" + number, true)))
        .blockingSubscribe();
  }

  private Session read(GetSessionConfig config) {
    int before = calls.begun();
    Session found = service.getSession(app, "ana", "s1", Optional.ofNullable(config)).blockingGet();
    made = calls.since(before);
    return found;
  }

  private static GetSessionConfig newest(Integer number) {
    return number == null ? null : GetSessionConfig.builder().numRecentEvents(number).build();
  }

  private static List<String> ids(List<Event> events) {
    return events.stream().map(Event::id).toList();
  }

  private static List<String> newestIds(Session session, Integer number) {
    List<String> ids = ids(session.events());
    return number == null ? ids : ids.subList(Math.max(0, ids.size() - number), ids.size());
  }

  private static String text(Session session) {
    return session.toJson();
  }

  @Test
  void aShortHistoryComesInOneAnswer() {
    assertNull(read(null));
    Session session = create(Map.of("a", 1));
    for (int count = 0; count < 3; count++) {
      assertEquals(text(session), text(read(null)));
      assertEquals(ONE, made);
      append(session, 1);
    }
    for (int number : new int[] {0, 2, 3, 70, Integer.MAX_VALUE}) {
      assertEquals(newestIds(session, number), ids(read(newest(number)).events()));
      assertEquals(ONE, made);
    }
    assertEquals(
        newestIds(session, null), ids(service.listEvents(app, "ana", "s1").blockingGet().events()));
    // What was read can be appended to.
    service.appendEvent(read(newest(1)), message("more")).blockingGet();
  }

  @Test
  void aHistoryThatATimeNarrowsComesByAStream() {
    Session session = create(Map.of());
    append(session, 2);
    GetSessionConfig all = GetSessionConfig.builder().afterTimestamp(Instant.EPOCH).build();
    assertEquals(text(session), text(read(all)));
    assertEquals(List.of("StreamEvents"), made);
    GetSessionConfig none =
        GetSessionConfig.builder().afterTimestamp(Instant.EPOCH).numRecentEvents(0).build();
    assertTrue(read(none).events().isEmpty());
    assertEquals(ONE, made);
  }

  @Test
  void whatDoesNotFitTheFirstAnswerComesByAStream() {
    Session session = create(Map.of());
    others.appendEvent(session, message("x".repeat(300_000))).blockingGet();
    append(session, 1);
    assertEquals(text(session), text(read(null)));
    assertEquals(TWO, made);
  }

  @Test
  void aStateThatDoesNotFitAMessageComesByAStream() {
    Session session = create(Map.of("a", "x".repeat(200_000), "b", "y".repeat(200_000)));
    append(session, 1);
    try (SessiondSessionService narrow =
        new SessiondSessionService(
            Options.builder(TestServer.sharedTarget())
                .channel(builder -> builder.maxInboundMessageSize(300_000))
                .build())) {
      assertEquals(
          text(session), text(narrow.getSession(app, "ana", "s1", Optional.empty()).blockingGet()));
    }
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(ints = {70, 200})
  void whatIsAppendedBetweenBothPartsIsThere(Integer newest) {
    Session session = create(Map.of());
    append(session, 100);
    Session whole = read(newest(newest));
    assertEquals(TWO, made);
    assertEquals(newestIds(session, newest), ids(whole.events()));
    assertEquals(session.state(), whole.state());

    calls.afterNext("GetSession", () -> append(session, 3));
    Session found = read(newest(newest));
    assertEquals(TWO, made);
    assertEquals(103, session.events().size());
    assertEquals(newestIds(session, newest), ids(found.events()));
    assertEquals(session.state(), found.state());
    // It is up to date, so that it can be appended to.
    service.appendEvent(found, message("more")).blockingGet();
  }

  @Test
  void aSessionOfTheSameKeyThatIsMadeBetweenBothPartsIsReadWhole() {
    append(create(Map.of()), 70);
    calls.afterNext(
        "GetSession",
        () -> {
          others.deleteSession(app, "ana", "s1").blockingAwait();
          append(create(Map.of("other", true)), 70);
        });
    Session found = read(null);
    assertEquals(List.of("GetSession", "StreamEvents", "StreamEvents"), made);
    assertEquals(text(read(null)), text(found));
    assertEquals(true, found.state().get("other"));
  }

  @Test
  void aSessionThatIsDeletedBetweenBothPartsIsNotThere() {
    append(create(Map.of()), 70);
    calls.afterNext("GetSession", () -> others.deleteSession(app, "ana", "s1").blockingAwait());
    assertNull(read(null));
  }
}
