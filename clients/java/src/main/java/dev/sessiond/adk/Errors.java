package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import dev.sessiond.RpcStatus;
import dev.sessiond.internal.SilenceException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes the exceptions of this package of failed calls. */
final class Errors {
  /** The words of ADK's services in Python, which people look for. */
  private static final String STALE_SESSION_TEXT =
      "The session has been modified in storage since it was loaded. Please reload the session"
          + " before appending more events.";

  private static final Set<String> RETRYABLE_REASONS = Set.of("CONTENTION", "SERVER_BUSY");

  private static final Set<Status.Code> NO_ANSWERS =
      EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED, Status.Code.CANCELLED);

  /** What grpc-java says of messages over the limits that a caller has given the channel. */
  private static final Set<String> OVER_A_LIMIT =
      Set.of("message exceeds maximum size", "message too large");

  private Errors() {}

  /**
   * The exception for what a call ended with.
   *
   * @param sessionId the session that the call was about; texts have it.
   */
  static SessionException of(Throwable error, String sessionId) {
    if (error instanceof SessionException known) {
      return known;
    }
    if (error instanceof SilenceException silence) {
      return new DeadlineException("The history stood still: " + silence.getMessage(), null, error);
    }
    if (!(error instanceof StatusRuntimeException failed)) {
      return new SessiondException(String.valueOf(error.getMessage()), null, error);
    }
    RpcStatus status = RpcStatus.of(failed);
    String words = status.message();
    return switch (status.reason()) {
      case "SESSION_NOT_FOUND" -> notFound(sessionId, status, error);
      case "SESSION_ALREADY_EXISTS" ->
          new SessionAlreadyExistsException(
              "Session with id %s already exists.".formatted(sessionId), status, error);
      case "STALE_SESSION" -> new StaleSessionException(STALE_SESSION_TEXT, status, error);
      case "EVENT_ID_CONFLICT" -> new EventIdConflictException(words, status, error);
      case "TOO_LARGE" -> new TooLargeException(words, status, error);
      default -> byCode(status, words, error);
    };
  }

  static SessiondSessionNotFoundException notFound(
      String sessionId, @Nullable RpcStatus status, @Nullable Throwable cause) {
    return new SessiondSessionNotFoundException(
        "Session %s not found.".formatted(sessionId), status, cause);
  }

  /** For a session object whose revision is not known, and that ends in another event. */
  static StaleSessionException stale() {
    RpcStatus status =
        new RpcStatus(
            Status.Code.ABORTED,
            STALE_SESSION_TEXT,
            "STALE_SESSION",
            Map.of(),
            Map.of(),
            Optional.empty(),
            "");
    return new StaleSessionException(STALE_SESSION_TEXT, status, null);
  }

  /** What a caller gave cannot be sent. */
  static InvalidRequestException invalid(String message, @Nullable Throwable cause) {
    return new InvalidRequestException(message, null, cause);
  }

  /** Whether the same request may be sent again: every write carries an id that makes that safe. */
  static boolean retryable(SessionException error) {
    if (!(error instanceof SessiondError details)) {
      return false;
    }
    return error instanceof UnavailableException
        || error instanceof DeadlineException
        || RETRYABLE_REASONS.contains(details.reason())
        || isHeldBack(details);
  }

  /** Whether the server said it. */
  static boolean isAnswer(SessionException error) {
    return error instanceof SessiondError details
        && details.code().filter(code -> !NO_ANSWERS.contains(code)).isPresent();
  }

  /**
   * Not this server's word: a connection that takes no more streams at the moment, or a proxy that
   * lets through so much only.
   */
  private static boolean isHeldBack(SessiondError details) {
    return details.code().equals(Optional.of(Status.Code.RESOURCE_EXHAUSTED))
        && details.reason().isEmpty()
        && !(details instanceof TooLargeException);
  }

  private static SessiondException byCode(RpcStatus status, String words, Throwable cause) {
    return switch (status.code()) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> new InvalidRequestException(words, status, cause);
      case UNAVAILABLE -> new UnavailableException(words, status, cause);
      case DEADLINE_EXCEEDED -> new DeadlineException(words, status, cause);
      case UNAUTHENTICATED, PERMISSION_DENIED -> new AccessException(words, status, cause);
      case RESOURCE_EXHAUSTED ->
          status.reason().isEmpty() && OVER_A_LIMIT.stream().anyMatch(words::contains)
              ? new TooLargeException(words, status, cause)
              : new SessiondException(words, status, cause);
      default -> new SessiondException(words, status, cause);
    };
  }
}
