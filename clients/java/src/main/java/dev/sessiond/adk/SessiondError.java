package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import io.grpc.Status;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What every exception of this package carries: the server's words. Each is also ADK's {@code
 * SessionException}.
 */
public interface SessiondError {
  /** What the server said, where the failure is the server's. */
  Optional<RpcStatus> status();

  /** The gRPC status code, where the failure is the server's. */
  default Optional<Status.Code> code() {
    return status().map(RpcStatus::code);
  }

  /** The name of an {@code ErrorReason}, such as {@code STALE_SESSION}; empty where none came. */
  default String reason() {
    return status().map(RpcStatus::reason).orElse("");
  }

  /** Facts that belong to the reason, such as {@code actual_revision}. */
  default Map<String, String> metadata() {
    return status().map(RpcStatus::metadata).orElse(Map.of());
  }

  /** For a bad request, from the request's field to what is wrong with it. */
  default Map<String, String> violations() {
    return status().map(RpcStatus::violations).orElse(Map.of());
  }

  /** How long to wait before another try, where the server said. */
  default Optional<Duration> retryDelay() {
    return status().flatMap(RpcStatus::retryDelay);
  }

  /** Names the call in the server's log; empty where none came. */
  default String requestId() {
    return status().map(RpcStatus::requestId).orElse("");
  }
}
