package dev.sessiond.tail;

import java.time.Duration;

/**
 * How long to wait before a lost stream is opened again: doubling, with full jitter.
 *
 * @param initial the longest wait before the first attempt.
 * @param longest the longest wait before any attempt.
 */
public record Backoff(Duration initial, Duration longest) {
  /** A quarter of a second at first, ten seconds at most. */
  public static final Backoff DEFAULT = new Backoff(Duration.ofMillis(250), Duration.ofSeconds(10));

  /** The longest wait after so many attempts that brought nothing. */
  Duration after(int failures) {
    double most = initial.toNanos() * Math.pow(2, Math.min(failures, 30));
    return Duration.ofNanos((long) Math.min(most, longest.toNanos()));
  }
}
