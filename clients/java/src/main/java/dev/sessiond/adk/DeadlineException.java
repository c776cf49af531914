package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/** The time was up. A write may have happened: append the same event again to learn of it. */
public final class DeadlineException extends SessiondException {
  DeadlineException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
