package dev.sessiond.adk;

import java.time.Instant;

/**
 * Times: seconds as doubles on the wire, milliseconds in ADK's events, instants in its sessions.
 */
final class Times {
  private Times() {}

  /** Seconds of an event's milliseconds. */
  static double seconds(long milliseconds) {
    return milliseconds / 1000.0;
  }

  /** The nearest millisecond. */
  static long milliseconds(double seconds) {
    return Math.round(seconds * 1000.0);
  }

  /**
   * The least time on the wire that is not before an instant. Events of whole milliseconds are met
   * exactly.
   */
  static double seconds(Instant instant) {
    int milliseconds = instant.getNano() / 1_000_000;
    double floor = (instant.getEpochSecond() * 1000.0 + milliseconds) / 1000.0;
    if (instant.getNano() % 1_000_000 == 0) {
      return floor;
    }
    return Math.max(
        Math.nextUp(floor), instant.getEpochSecond() + instant.getNano() / 1_000_000_000.0);
  }

  /**
   * The instant of a time on the wire: the millisecond that it stands for, or else the nearest
   * microsecond, as far as instants reach.
   */
  static Instant instant(double seconds) {
    long milliseconds = milliseconds(seconds);
    if (seconds(milliseconds) == seconds) {
      return Instant.ofEpochMilli(milliseconds);
    }
    if (seconds <= Instant.MIN.getEpochSecond()) {
      return Instant.MIN;
    }
    if (seconds >= Instant.MAX.getEpochSecond()) {
      return Instant.MAX;
    }
    double whole = Math.floor(seconds);
    long micros = Math.round((seconds - whole) * 1_000_000.0);
    return Instant.ofEpochSecond((long) whole, micros * 1000);
  }
}
