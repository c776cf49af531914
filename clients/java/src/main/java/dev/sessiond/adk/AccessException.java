package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/** The credentials are missing, wrong or not enough. */
public final class AccessException extends SessiondException {
  AccessException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
