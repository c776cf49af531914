package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/** The user has a session of this id in the app already; the text has the id. */
public final class SessionAlreadyExistsException extends SessiondException {
  SessionAlreadyExistsException(
      String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
