package dev.sessiond.internal;

import java.time.Duration;

/** Nothing came over a stream for so long that it counts as lost. */
public final class SilenceException extends RuntimeException {
  /** Tells for how long nothing came. */
  public SilenceException(Duration silence) {
    super("nothing came for %s seconds".formatted(silence.toMillis() / 1000.0));
  }
}
