package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The pauses between tries of a call. */
final class Pauses {
  private static final double FIRST = 0.1;
  private static final double LONGEST = 1.0;

  private Pauses() {}

  /**
   * How long to wait before the next try, or nothing where another one would not help.
   *
   * @param failure what the last try ended with.
   * @param tries how many came before it.
   */
  static Optional<Duration> before(SessionException failure, int tries) {
    if (!Errors.retryable(failure)) {
      return Optional.empty();
    }
    double pause = Math.min(LONGEST, FIRST * Math.pow(2, tries));
    // Jitter, so that the clients of a server that went down do not come back all at once.
    double seconds = pause * ThreadLocalRandom.current().nextDouble(0.5, 1.0);
    Duration drawn = Duration.ofNanos((long) (seconds * 1e9));
    Duration asked = ((SessiondError) failure).retryDelay().orElse(Duration.ZERO);
    return Optional.of(drawn.compareTo(asked) > 0 ? drawn : asked);
  }
}
