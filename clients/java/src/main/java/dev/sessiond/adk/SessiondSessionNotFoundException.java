package dev.sessiond.adk;

import com.google.adk.sessions.SessionNotFoundException;
import dev.sessiond.RpcStatus;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** No session has this key. ADK's {@code SessionNotFoundException}. */
public final class SessiondSessionNotFoundException extends SessionNotFoundException
    implements SessiondError {
  private final transient @Nullable RpcStatus status;

  SessiondSessionNotFoundException(
      String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  @Override
  public Optional<RpcStatus> status() {
    return Optional.ofNullable(status);
  }
}
