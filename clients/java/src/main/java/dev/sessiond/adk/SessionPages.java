package dev.sessiond.adk;

import com.google.adk.sessions.Session;
import dev.sessiond.v1.ListSessionsRequest;
import dev.sessiond.v1.ListSessionsResponse;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.SessionOrder;
import dev.sessiond.v1.SessionServiceGrpc;
import io.reactivex.rxjava3.core.Single;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads a user's sessions page by page. */
final class SessionPages {
  private static final int PAGE_SIZE = 200;

  private final Connection connection;
  private final ListSessionsRequest.Builder request;

  /** One that is deleted and made again during the walk comes twice; the later one is there now. */
  private final Map<String, Session> found = new HashMap<>();

  SessionPages(Connection connection, SessionKey user) {
    this.connection = connection;
    request =
        ListSessionsRequest.newBuilder()
            .setKey(user)
            .setPageSize(PAGE_SIZE)
            // The order that no append changes: what is written during the walk cannot make it miss
            // a session.
            .setOrder(SessionOrder.SESSION_ORDER_CREATE_TIME_ASC)
            .setIncludeState(true);
  }

  Single<List<Session>> read() {
    return connection
        .unary(SessionServiceGrpc.getListSessionsMethod(), request.build(), "")
        .flatMap(this::more);
  }

  private Single<List<Session>> more(ListSessionsResponse page) {
    page.getSessionsList()
        .forEach(
            message ->
                found.put(
                    message.getKey().getSessionId(),
                    SessionConversion.fromProto(message, List.of())));
    if (!page.getNextPageToken().isEmpty()) {
      request.setPageToken(page.getNextPageToken());
      return read();
    }
    return Single.just(
        found.values().stream()
            .sorted(
                Comparator.comparing((Session one) -> one.lastUpdateTime())
                    .thenComparing(Session::id))
            .toList());
  }
}
