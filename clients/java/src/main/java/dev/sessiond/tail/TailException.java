package dev.sessiond.tail;

/** The server broke the protocol: an event is missing in the live tail. */
public final class TailException extends RuntimeException {
  TailException(String message) {
    super(message);
  }
}
