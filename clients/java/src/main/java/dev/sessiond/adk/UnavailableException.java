package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/**
 * The server or its database did not answer, through all the retries that the deadline left time
 * for.
 */
public final class UnavailableException extends SessiondException {
  UnavailableException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
