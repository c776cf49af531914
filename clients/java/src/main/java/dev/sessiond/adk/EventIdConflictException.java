package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/** The session has another event of the same id. */
public final class EventIdConflictException extends SessiondException {
  EventIdConflictException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
