package dev.sessiond.adk;

import dev.sessiond.RpcStatus;
import org.jspecify.annotations.Nullable;

/**
 * An event or a request is over a limit of the server's, and {@code metadata()} has it as {@code
 * limit_bytes}; or a message is over one that was given the channel.
 */
public final class TooLargeException extends SessiondException {
  TooLargeException(String message, @Nullable RpcStatus status, @Nullable Throwable cause) {
    super(message, status, cause);
  }
}
