package dev.sessiond.adk;

import com.google.adk.events.Event;
import com.google.adk.sessions.BaseSessionService;
import com.google.adk.sessions.GetSessionConfig;
import com.google.adk.sessions.ListEventsResponse;
import com.google.adk.sessions.ListSessionsResponse;
import com.google.adk.sessions.Session;
import dev.sessiond.tail.TailOptions;
import dev.sessiond.tail.Update;
import dev.sessiond.v1.CreateSessionRequest;
import dev.sessiond.v1.DeleteSessionRequest;
import dev.sessiond.v1.GetUserStateRequest;
import dev.sessiond.v1.SessionServiceGrpc;
import dev.sessiond.v1.StreamEventsRequest;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Single;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the sessions of ADK agents in sessiond.
 *
 * <p>It connects at the first call, and may be used by any number of threads. Calls are made when
 * their result is subscribed to, a hundred at a time; the others wait for their turn. They fail
 * with ADK's {@code SessionException}, which carries what the server said ({@link SessiondError}).
 */
public final class SessiondSessionService implements BaseSessionService, AutoCloseable {
  private final Connection connection;

  /** The sessions of a server on this machine, at the default port. */
  public SessiondSessionService() {
    this(Options.DEFAULT_TARGET);
  }

  /**
   * The sessions of a server.
   *
   * @param target {@code host:port}, {@code sessiond://host:port?option=value}, or any gRPC target.
   * @throws IllegalArgumentException the URI is malformed, or an option is.
   */
  public SessiondSessionService(String target) {
    this(Options.builder(target).build());
  }

  /** The sessions of a server, with options. */
  public SessiondSessionService(Options options) {
    connection = new Connection(options);
  }

  /**
   * Creates a session.
   *
   * @param state to begin with; {@code user:} and {@code app:} keys go to the shared state, {@code
   *     temp:} keys nowhere.
   * @param sessionId its id, taken as it is; the server gives one where it is null or empty.
   * @return fails with {@link SessionAlreadyExistsException} where the id is taken.
   */
  @Override
  public Single<Session> createSession(
      String appName,
      String userId,
      @Nullable Map<String, Object> state,
      @Nullable String sessionId) {
    return createSession(appName, userId, state, sessionId, SessionProperties.NONE);
  }

  /**
   * Creates a session.
   *
   * @deprecated as in ADK: any map will do.
   */
  @Deprecated
  @Override
  public Single<Session> createSession(
      String appName,
      String userId,
      @Nullable ConcurrentMap<String, Object> state,
      @Nullable String sessionId) {
    return createSession(appName, userId, (Map<String, Object>) state, sessionId);
  }

  /** Creates a session with what ADK's sessions have not. */
  public Single<Session> createSession(
      String appName,
      String userId,
      @Nullable Map<String, Object> state,
      @Nullable String sessionId,
      SessionProperties properties) {
    Objects.requireNonNull(appName, "appName cannot be null");
    Objects.requireNonNull(userId, "userId cannot be null");
    String id = sessionId == null ? "" : sessionId;
    return Single.defer(
        () -> {
          CreateSessionRequest request =
              CreateSessionRequest.newBuilder()
                  .setKey(Texts.key(appName, userId, id))
                  .putAllState(StateConversion.write(state))
                  .setOwnerId(Texts.utf8("ownerId", properties.ownerId()))
                  .setDisplayName(Texts.utf8("displayName", properties.displayName()))
                  .putAllLabels(properties.labels())
                  .setRequestId(UUID.randomUUID().toString())
                  .build();
          return connection
              .unary(SessionServiceGrpc.getCreateSessionMethod(), request, id)
              .map(answer -> SessionConversion.fromProto(answer.getSession(), List.of()));
        });
  }

  /**
   * Reads a session with its merged state and its events, a short history in one call.
   *
   * @param config {@code afterTimestamp} keeps the events of that time or later, {@code
   *     numRecentEvents} the newest n of those; 0 is none.
   * @return the session, or nothing where there is none.
   */
  @Override
  public Maybe<Session> getSession(
      String appName, String userId, String sessionId, Optional<GetSessionConfig> config) {
    Objects.requireNonNull(appName, "appName cannot be null");
    Objects.requireNonNull(userId, "userId cannot be null");
    Objects.requireNonNull(sessionId, "sessionId cannot be null");
    Objects.requireNonNull(config, "config cannot be null");
    return Maybe.defer(
        () -> {
          StreamEventsRequest.Builder request =
              StreamEventsRequest.newBuilder().setKey(Texts.key(appName, userId, sessionId));
          config.ifPresent(wanted -> filter(wanted, request));
          return Histories.read(connection, request.build())
              .map(found -> SessionConversion.fromProto(found.session(), found.events()))
              .toMaybe()
              .onErrorResumeNext(
                  error ->
                      error instanceof SessiondSessionNotFoundException
                          ? Maybe.empty()
                          : Maybe.error(error));
        });
  }

  /**
   * Lists a user's sessions with their merged state and without events, by last update time and id,
   * the oldest first.
   */
  @Override
  public Single<ListSessionsResponse> listSessions(String appName, String userId) {
    Objects.requireNonNull(appName, "appName cannot be null");
    Objects.requireNonNull(userId, "userId cannot be null");
    // On the wire an empty user means all users; here it is a user that cannot be.
    if (userId.isEmpty()) {
      return Single.just(ListSessionsResponse.builder().build());
    }
    return Single.defer(() -> new SessionPages(connection, Texts.key(appName, userId, "")).read())
        .map(sessions -> ListSessionsResponse.builder().sessions(sessions).build());
  }

  /** Deletes a session, its events and its own state. One that is not there is no error. */
  @Override
  public Completable deleteSession(String appName, String userId, String sessionId) {
    Objects.requireNonNull(appName, "appName cannot be null");
    Objects.requireNonNull(userId, "userId cannot be null");
    Objects.requireNonNull(sessionId, "sessionId cannot be null");
    return Completable.defer(
        () -> {
          DeleteSessionRequest request =
              DeleteSessionRequest.newBuilder()
                  .setKey(Texts.key(appName, userId, sessionId))
                  .setRequestId(UUID.randomUUID().toString())
                  .build();
          return connection
              .unary(SessionServiceGrpc.getDeleteSessionMethod(), request, sessionId)
              .ignoreElement();
        });
  }

  /**
   * Reads all events of a session; there is never a next page.
   *
   * @return fails with ADK's {@code SessionNotFoundException} where there is no such session.
   */
  @Override
  public Single<ListEventsResponse> listEvents(String appName, String userId, String sessionId) {
    Objects.requireNonNull(appName, "appName cannot be null");
    Objects.requireNonNull(userId, "userId cannot be null");
    Objects.requireNonNull(sessionId, "sessionId cannot be null");
    return Single.defer(
        () ->
            Histories.read(
                    connection,
                    StreamEventsRequest.newBuilder()
                        .setKey(Texts.key(appName, userId, sessionId))
                        .build())
                .map(found -> ListEventsResponse.builder().events(found.events()).build()));
  }

  /** Reads the state that all of a user's sessions share, by keys without {@code user:}. */
  public Single<Map<String, Object>> getUserState(String appName, String userId) {
    return Single.defer(
        () ->
            connection
                .unary(
                    SessionServiceGrpc.getGetUserStateMethod(),
                    GetUserStateRequest.newBuilder().setKey(Texts.key(appName, userId, "")).build(),
                    "")
                .map(answer -> StateConversion.read(answer.getStateMap())));
  }

  /**
   * Stores an event with its state delta, and brings the session object up to it.
   *
   * <p>A partial event is given back untouched. Appends to the same session object take their
   * turns, in the order in which they were subscribed to. When the call fails, neither the session
   * nor the event has changed, and the same event can safely be appended again. A subscriber that
   * leaves before it is sent withdraws the append; later the append goes on without it, so that the
   * session object follows what is stored.
   *
   * @return the same event. It fails with {@link StaleSessionException} where the session was
   *     changed since the object was loaded, with ADK's {@code SessionNotFoundException}, with
   *     {@link EventIdConflictException} where another event has this id, and with other {@link
   *     SessiondException}s.
   */
  @Override
  public Single<Event> appendEvent(Session session, Event event) {
    Objects.requireNonNull(session, "session cannot be null");
    Objects.requireNonNull(event, "event cannot be null");
    Objects.requireNonNull(session.appName(), "session.appName cannot be null");
    Objects.requireNonNull(session.userId(), "session.userId cannot be null");
    if (event.partial().orElse(false)) {
      return Single.just(event);
    }
    return new Append(connection, session, event).inTurn();
  }

  /**
   * Follows a session as {@code dev.sessiond.tail.Tail} does, over this service's connection for
   * tails, with its headers. {@link EventConversion#fromProto} makes ADK's events of those in the
   * updates. Closing the service ends the tail in an error.
   *
   * @param place where to begin, and how to go on.
   */
  public Flowable<Update> tail(String appName, String userId, String sessionId, TailOptions place) {
    return Flowable.defer(() -> connection.tail(Texts.key(appName, userId, sessionId), place));
  }

  /** Follows a session from its first event on. */
  public Flowable<Update> tail(String appName, String userId, String sessionId) {
    return tail(appName, userId, sessionId, TailOptions.DEFAULT);
  }

  /** Closes all connections, and ends the calls over them. A later call connects anew. */
  @Override
  public void close() {
    connection.close();
  }

  private static void filter(GetSessionConfig wanted, StreamEventsRequest.Builder request) {
    wanted.afterTimestamp().map(Times::seconds).ifPresent(request::setAfterTime);
    wanted
        .numRecentEvents()
        .ifPresent(
            number -> {
              if (number < 0) {
                throw Errors.invalid(
                    "numRecentEvents is %d; it cannot be negative".formatted(number), null);
              }
              request.setNumRecentEvents(number);
            });
  }
}
