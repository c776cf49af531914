package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/** A stored event cannot be made an {@code Event} of this ADK version. */
public final class UnreadableEventException extends SessiondException {
  UnreadableEventException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
