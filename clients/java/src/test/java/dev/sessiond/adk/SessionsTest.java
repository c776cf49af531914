package dev.sessiond.adk;

import static dev.sessiond.support.Examples.app;
import static dev.sessiond.support.Examples.change;
import static dev.sessiond.support.Examples.message;
import static dev.sessiond.support.Examples.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.events.Event;
import com.google.adk.sessions.GetSessionConfig;
import com.google.adk.sessions.Session;
import com.google.adk.sessions.SessionException;
import com.google.adk.sessions.SessionKey;
import com.google.adk.sessions.SessionNotFoundException;
import dev.sessiond.support.TestServer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What ADK's interface promises of sessions. */
@Tag("contract")
class SessionsTest {
  private final SessiondSessionService service =
      new SessiondSessionService(TestServer.sharedTarget());
  private final String app = app();

  @AfterEach
  void close() {
    service.close();
  }

  private Optional<Session> get(String user, String id) {
    return Optional.ofNullable(service.getSession(app, user, id, Optional.empty()).blockingGet());
  }

  private Session get(String id, GetSessionConfig config) {
    return service.getSession(app, "ana", id, Optional.of(config)).blockingGet();
  }

  @Test
  void aSessionIsReadAsItWasCreated() {
    Map<String, Object> state = Map.of("plain", 1, "user:name", "Ana", "app:theme", true);
    Session created = service.createSession(app, "ana", state, "s1").blockingGet();
    assertEquals("s1", created.id());
    assertEquals(app, created.appName());
    assertEquals("ana", created.userId());
    assertEquals(state, created.state());
    assertTrue(created.events().isEmpty());
    Session read = get("ana", "s1").orElseThrow();
    assertEquals(created.toJson(), read.toJson());
    assertEquals(created.lastUpdateTime(), read.lastUpdateTime());
    assertNotSame(created, read);
  }

  @Test
  void theServerGivesAnIdWhereThereIsNone() {
    String first = service.createSession(app, "ana").blockingGet().id();
    String second =
        service.createSession(app, "ana", (Map<String, Object>) null, "").blockingGet().id();
    assertFalse(first.isEmpty());
    assertFalse(second.isEmpty());
    assertFalse(first.equals(second));
  }

  @Test
  void everyOverloadOfCreateWorks() {
    ConcurrentHashMap<String, Object> concurrent = new ConcurrentHashMap<>(Map.of("k", "v"));
    @SuppressWarnings("deprecation")
    Session old = service.createSession(app, "ana", concurrent, "s1").blockingGet();
    assertEquals(concurrent, old.state());
    Session byKey = service.createSession(new SessionKey(app, "ana", "s2")).blockingGet();
    assertEquals("s2", byKey.id());
    assertEquals(
        "s2", service.getSession(new SessionKey(app, "ana", "s2"), null).blockingGet().id());
  }

  @Test
  void aNullInTheStateToBeginWithIsNoKey() {
    Map<String, Object> state = new HashMap<>();
    state.put("nothing", null);
    state.put("temp:gone", 1);
    state.put("k", 1);
    assertEquals(
        Map.of("k", 1), service.createSession(app, "ana", state, "s1").blockingGet().state());
  }

  @Test
  void aTakenIdIsRefused() {
    service.createSession(app, "ana", Map.of("k", 1), "s1").blockingGet();
    SessionAlreadyExistsException error =
        assertThrows(
            SessionAlreadyExistsException.class,
            () -> service.createSession(app, "ana", Map.of("k", 2), "s1").blockingGet());
    assertEquals("Session with id s1 already exists.", error.getMessage());
    assertEquals("SESSION_ALREADY_EXISTS", error.reason());
    assertTrue(error instanceof SessionException);
    assertEquals(Map.of("k", 1), get("ana", "s1").orElseThrow().state());
  }

  @Test
  void idsAreTakenAsTheyAre() {
    for (String id : List.of("s", "S", "s ", " s", "ś", "s/1?#")) {
      assertEquals(id, service.createSession(app, "ana", Map.of("id", id), id).blockingGet().id());
    }
    assertEquals("s ", get("ana", "s ").orElseThrow().state().get("id"));
    assertEquals("S", get("ana", "S").orElseThrow().state().get("id"));
  }

  @Test
  void usersHaveSessionsOfTheSameIdEach() {
    service.createSession(app, "ana", Map.of("k", 1), "s1").blockingGet();
    service.createSession(app, "bob", Map.of("k", 2), "s1").blockingGet();
    assertEquals(1, get("ana", "s1").orElseThrow().state().get("k"));
    assertEquals(2, get("bob", "s1").orElseThrow().state().get("k"));
    service.deleteSession(app, "carl", "s1").blockingAwait();
    service.deleteSession(app, "bob", "s1").blockingAwait();
    assertTrue(get("bob", "s1").isEmpty());
    assertTrue(get("ana", "s1").isPresent());
  }

  @Test
  void aSessionThatIsNotThere() {
    assertTrue(get("ana", "nope").isEmpty());
    service.deleteSession(app, "ana", "nope").blockingAwait();
    assertThrows(
        SessionNotFoundException.class, () -> service.listEvents(app, "ana", "nope").blockingGet());
  }

  @Test
  void aDeletedSessionTakesItsEventsAndLeavesSharedState() {
    Session session = service.createSession(app, "ana", Map.of(), "s1").blockingGet();
    service.appendEvent(session, change("k", 1, "user:u", 2, "app:a", 3)).blockingGet();
    service.deleteSession(app, "ana", "s1").blockingAwait();
    assertTrue(get("ana", "s1").isEmpty());
    Session again = service.createSession(app, "ana", Map.of(), "s1").blockingGet();
    assertEquals(Map.of("user:u", 2, "app:a", 3), again.state());
    assertTrue(get("ana", "s1").orElseThrow().events().isEmpty());
  }

  @Test
  void listsHaveMergedStateAndNoEvents() {
    assertTrue(service.listSessions(app, "ana").blockingGet().sessions().isEmpty());
    Session first = service.createSession(app, "ana", Map.of("k", 1), "s1").blockingGet();
    service.createSession(app, "ana", Map.of("k", 2, "user:u", "x"), "s2").blockingGet();
    service.createSession(app, "bob", Map.of("app:a", "y"), "s3").blockingGet();
    Event late = message("late").toBuilder().timestamp(4_000_000_000_000L).build();
    service.appendEvent(first, late).blockingGet();
    List<Session> sessions = service.listSessions(app, "ana").blockingGet().sessions();
    assertEquals(List.of("s2", "s1"), sessions.stream().map(Session::id).toList());
    assertEquals(Map.of("k", 1, "user:u", "x", "app:a", "y"), sessions.get(1).state());
    assertEquals(List.of("ana", "ana"), sessions.stream().map(Session::userId).toList());
    assertTrue(sessions.get(1).events().isEmpty());
    assertTrue(service.listSessions(app, "").blockingGet().sessions().isEmpty());
  }

  @Test
  void aListOfManyPagesIsComplete() {
    List<String> ids = new ArrayList<>();
    for (int number = 0; number < 205; number++) {
      ids.add("s%03d".formatted(number));
    }
    ids.parallelStream()
        .forEach(id -> service.createSession(app, "ana", Map.of(), id).blockingGet());
    List<String> listed =
        service.listSessions(app, "ana").blockingGet().sessions().stream()
            .map(Session::id)
            .sorted()
            .toList();
    assertEquals(ids, listed);
  }

  @Test
  void aListedSessionCanBeAppendedTo() {
    service.createSession(app, "ana", Map.of(), "s1").blockingGet();
    Session listed = service.listSessions(app, "ana").blockingGet().sessions().get(0);
    service.appendEvent(listed, message("hello")).blockingGet();
    assertEquals(1, get("ana", "s1").orElseThrow().events().size());
  }

  @Test
  void filtersNarrowOneAfterTheOther() {
    Session session = service.createSession(app, "ana", Map.of(), "s1").blockingGet();
    for (long time : new long[] {1_000, 2_000, 2_500, 3_000}) {
      Event event = message(String.valueOf(time)).toBuilder().timestamp(time).build();
      service.appendEvent(session, event).blockingGet();
    }
    assertEquals(List.of(), texts(GetSessionConfig.builder().numRecentEvents(0).build()));
    assertEquals(List.of("3000"), texts(GetSessionConfig.builder().numRecentEvents(1).build()));
    GetSessionConfig many = GetSessionConfig.builder().numRecentEvents(Integer.MAX_VALUE).build();
    assertEquals(4, texts(many).size());
    // Inclusive, as in InMemorySessionService.
    Instant after = Instant.ofEpochMilli(2_000);
    assertEquals(
        List.of("2000", "2500", "3000"),
        texts(GetSessionConfig.builder().afterTimestamp(after).build()));
    assertEquals(
        List.of("2500", "3000"),
        texts(GetSessionConfig.builder().afterTimestamp(after.plusNanos(1)).build()));
    assertEquals(
        List.of("2500", "3000"),
        texts(GetSessionConfig.builder().afterTimestamp(after).numRecentEvents(2).build()));
    assertEquals(
        List.of("3000"),
        texts(
            GetSessionConfig.builder()
                .afterTimestamp(after.plusMillis(600))
                .numRecentEvents(3)
                .build()));
    assertThrows(
        InvalidRequestException.class,
        () -> texts(GetSessionConfig.builder().numRecentEvents(-1).build()));
  }

  private List<String> texts(GetSessionConfig config) {
    return get("s1", config).events().stream().map(event -> text(event)).toList();
  }

  @Test
  void aFilteredSessionCanBeAppendedTo() {
    Session session = service.createSession(app, "ana", Map.of(), "s1").blockingGet();
    service.appendEvent(session, message("one")).blockingGet();
    Session none = get("s1", GetSessionConfig.builder().numRecentEvents(0).build());
    service.appendEvent(none, message("two")).blockingGet();
    assertEquals(2, get("ana", "s1").orElseThrow().events().size());
  }

  @Test
  void listEventsGivesAllOfThem() {
    Session session = service.createSession(app, "ana", Map.of(), "s1").blockingGet();
    for (int number = 0; number < 150; number++) {
      service.appendEvent(session, message("m" + number)).blockingGet();
    }
    var listed = service.listEvents(app, "ana", "s1").blockingGet();
    assertEquals(150, listed.events().size());
    assertEquals("m149", text(listed.events().get(149)));
    assertTrue(listed.nextPageToken().isEmpty());
  }

  @Test
  void whatIsReadIsNotShared() {
    service.createSession(app, "ana", Map.of("list", List.of(1)), "s1").blockingGet();
    Session one = get("ana", "s1").orElseThrow();
    one.state().put("list", "changed");
    one.events().add(message("local"));
    Session other = get("ana", "s1").orElseThrow();
    assertEquals(List.of(1), other.state().get("list"));
    assertTrue(other.events().isEmpty());
  }

  @Test
  void propertiesAreStored() {
    SessionProperties properties = new SessionProperties("tenant-1", "A title", Map.of("k", "v"));
    Session session = service.createSession(app, "ana", Map.of(), "s1", properties).blockingGet();
    assertEquals("s1", session.id());
  }

  @Test
  void aStateLargerThanAFrameIsWhole() {
    Map<String, Object> state = new HashMap<>();
    for (int number = 0; number < 30; number++) {
      state.put("key" + number, "x".repeat(100_000) + number);
    }
    service.createSession(app, "ana", state, "s1").blockingGet();
    assertEquals(state, get("ana", "s1").orElseThrow().state());
  }

  @Test
  void closeSessionDoesNothing() {
    Session session = service.createSession(app, "ana", Map.of(), "s1").blockingGet();
    service.closeSession(session).blockingAwait();
    assertTrue(get("ana", "s1").isPresent());
    assertNull(service.getSession(app, "ana", "s2", Optional.empty()).blockingGet());
  }

  @Test
  void nothingIsSentBeforeSomebodySubscribes() {
    var create = service.createSession(app, "ana", Map.of(), "s1");
    assertTrue(get("ana", "s1").isEmpty());
    create.blockingGet();
    assertTrue(get("ana", "s1").isPresent());
  }
}
