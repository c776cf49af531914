package dev.sessiond.adk;

import com.google.adk.events.Event;
import dev.sessiond.v1.GetSessionRequest;
import dev.sessiond.v1.GetSessionResponse;
import dev.sessiond.v1.HistorySelection;
import dev.sessiond.v1.SessionServiceGrpc;
import dev.sessiond.v1.StreamEventsRequest;
import io.reactivex.rxjava3.core.Single;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Reads sessions with their events. All or a part of a history comes with the session in one call,
 * which costs half of what a stream does; a stream brings the rest.
 */
final class Histories {
  /** The reasons for which a history cannot be read on from where its first events end. */
  private static final Set<String> BEGUN_ANEW = Set.of("SESSION_RECREATED", "EVENTS_TRIMMED");

  private final Connection connection;

  /** What a stream is asked for, where that brings all. */
  private final StreamEventsRequest request;

  private Histories(Connection connection, StreamEventsRequest request) {
    this.connection = connection;
    this.request = request;
  }

  /**
   * Reads a session and the events that were asked for. Fails with a {@code SessionException}.
   *
   * @param request names the session, and after which time or how many of the newest events.
   */
  static Single<History> read(Connection connection, StreamEventsRequest request) {
    return new Histories(connection, request).read();
  }

  private Single<History> read() {
    boolean none = request.hasNumRecentEvents() && request.getNumRecentEvents() == 0;
    // Where a history begins that a time narrows, is a query of its own.
    if (request.hasAfterTime() && !none) {
      return connection.history(request);
    }
    GetSessionRequest.Builder wanted = GetSessionRequest.newBuilder().setKey(request.getKey());
    if (!none) {
      HistorySelection.Builder selection = wanted.getHistoryBuilder();
      if (request.hasNumRecentEvents()) {
        selection.setNumRecentEvents(request.getNumRecentEvents());
      }
    }
    return connection
        .unary(
            SessionServiceGrpc.getGetSessionMethod(),
            wanted.build(),
            request.getKey().getSessionId())
        .flatMap(answer -> goOn(answer, none || answer.getHistoryComplete()))
        .onErrorResumeNext(
            error ->
                // The state does not fit a message; a stream sends it in several.
                error instanceof TooLargeException
                    ? connection.history(request)
                    : Single.error(error));
  }

  private Single<History> goOn(GetSessionResponse answer, boolean complete) {
    List<Event> first = new ArrayList<>();
    answer.getEventsList().forEach(event -> first.add(EventConversion.fromProto(event)));
    if (complete) {
      return Single.just(new History(answer.getSession(), first));
    }
    if (first.isEmpty()) {
      return connection.history(request);
    }
    StreamEventsRequest rest =
        StreamEventsRequest.newBuilder()
            .setKey(request.getKey())
            .setSessionUid(answer.getSession().getUid())
            .setAfterSeq(answer.getEvents(answer.getEventsCount() - 1).getSeq())
            .build();
    return connection
        .history(rest)
        .map(found -> new History(found.session(), asked(first, found.events())))
        .onErrorResumeNext(
            error ->
                error instanceof SessiondError details && BEGUN_ANEW.contains(details.reason())
                    ? connection.history(request)
                    : Single.error(error));
  }

  /** Both parts. What was appended meanwhile is there, too, so there may be too many. */
  private List<Event> asked(List<Event> first, List<Event> rest) {
    first.addAll(rest);
    int tooMany = request.hasNumRecentEvents() ? first.size() - request.getNumRecentEvents() : 0;
    return first.subList(Math.max(0, tooMany), first.size());
  }
}
