package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import dev.sessiond.RpcStatus;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A call to sessiond failed. */
public class SessiondException extends SessionException implements SessiondError {
  private final transient @Nullable RpcStatus status;

  SessiondException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  @Override
  public Optional<RpcStatus> status() {
    return Optional.ofNullable(status);
  }
}
