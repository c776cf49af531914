package dev.sessiond.adk;

import com.google.adk.events.Event;
import com.google.adk.sessions.Session;
import com.google.adk.sessions.State;
import dev.sessiond.adk.Markers.Marker;
import dev.sessiond.v1.AppendEventRequest;
import dev.sessiond.v1.AppendEventResponse;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.SessionServiceGrpc;
import dev.sessiond.v1.StreamEventsRequest;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;

/** Stores one event, and brings the session object up to it. */
final class Append {
  private final Connection connection;
  private final Session session;
  private final Event event;

  Append(Connection connection, Session session, Event event) {
    this.connection = connection;
    this.session = session;
    this.event = event;
  }

  /**
   * Appends when it is this append's turn at the session object. A subscriber that leaves before it
   * is sent withdraws it; afterwards it goes on without.
   */
  Single<Event> inTurn() {
    return Single.create(
        emitter -> {
          AtomicBoolean decided = new AtomicBoolean(); // sent or withdrawn, whichever comes first
          Disposable turn = Turns.at(session).enter(run(decided), emitter);
          emitter.setCancellable(
              () -> {
                if (decided.compareAndSet(false, true)) {
                  turn.dispose();
                }
              });
        });
  }

  private Single<Event> run(AtomicBoolean decided) {
    return Single.defer(
        () -> {
          SessionKey key = Texts.key(session.appName(), session.userId(), session.id());
          AppendEventRequest.Builder request =
              AppendEventRequest.newBuilder().setKey(key).setEvent(EventConversion.toProto(event));
          Optional<Marker> known = Markers.of(session);
          if (connection.options.onStale() == StalePolicy.APPEND) {
            // Still not to be appended to: another session that now has the same key.
            known.ifPresent(marker -> request.setSessionUid(marker.uid()));
            return send(request, known, decided);
          }
          return known
              .map(Single::just)
              .orElseGet(() -> markerOfMatch(key))
              .flatMap(
                  marker ->
                      send(
                          request
                              .setSessionUid(marker.uid())
                              .setExpectedRevision(marker.revision()),
                          Optional.of(marker),
                          decided));
        });
  }

  private Single<Event> send(
      AppendEventRequest.Builder request, Optional<Marker> known, AtomicBoolean decided) {
    return connection
        .unaryWhenDue(
            SessionServiceGrpc.getAppendEventMethod(),
            () -> {
              if (!decided.compareAndSet(false, true)) {
                throw new CancellationException("withdrawn");
              }
              return request.build();
            },
            session.id())
        .map(answer -> stored(answer, known));
  }

  private Event stored(AppendEventResponse answer, Optional<Marker> known) {
    if (event.id() == null || event.id().isEmpty()) {
      event.setId(answer.getEvent().getId());
    }
    long revision = answer.getEvent().getRevision();
    boolean loadedAfterIt =
        known.isPresent()
            && known.get().uid().equals(answer.getSessionUid())
            && revision <= known.get().revision();
    // What an object has that was loaded when this event was stored already, is this event and
    // what came after it.
    if (!loadedAfterIt) {
      Markers.set(session, answer.getSessionUid(), revision);
      session.lastUpdateTime(Instant.ofEpochMilli(event.timestamp()));
      apply(false);
      session.events().add(event);
    }
    apply(true);
    return event;
  }

  /** Applies the event's temporary state, or the other. */
  private void apply(boolean temporary) {
    if (event.actions() == null || event.actions().stateDelta() == null) {
      return;
    }
    for (Map.Entry<String, Object> change : event.actions().stateDelta().entrySet()) {
      if (change.getKey().startsWith(State.TEMP_PREFIX) != temporary) {
        continue;
      }
      if (StateConversion.isRemoved(change.getValue())) {
        session.state().remove(change.getKey());
      } else {
        session.state().put(change.getKey(), change.getValue());
      }
    }
  }

  /**
   * The marker for an object that has none: the stored session's, if that ends in the same event.
   */
  private Single<Marker> markerOfMatch(SessionKey key) {
    StreamEventsRequest request =
        StreamEventsRequest.newBuilder().setKey(key).setNumRecentEvents(1).build();
    return Histories.read(connection, request)
        .map(
            found -> {
              if (!ids(found.events()).equals(ids(newest(session.events())))) {
                throw Errors.stale();
              }
              return new Marker(found.session().getUid(), found.session().getRevision());
            });
  }

  private static List<Event> newest(List<Event> events) {
    synchronized (events) { // as ADK's list wants it
      return List.copyOf(events.subList(Math.max(0, events.size() - 1), events.size()));
    }
  }

  private static List<String> ids(List<Event> events) {
    return events.stream().map(Event::id).toList();
  }
}
