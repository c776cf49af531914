package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/**
 * The session changed since it was loaded; nothing was stored. {@code metadata()} has {@code
 * actual_revision} and {@code head_seq}.
 */
public final class StaleSessionException extends SessiondException {
  StaleSessionException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
