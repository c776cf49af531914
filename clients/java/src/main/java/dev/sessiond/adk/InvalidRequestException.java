package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/**
 * What was sent is refused: an id too long, a value that JSON cannot carry. {@code violations()}
 * names the fields where the server refused it.
 */
public final class InvalidRequestException extends SessiondException {
  InvalidRequestException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
