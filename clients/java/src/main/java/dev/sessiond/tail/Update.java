package dev.sessiond.tail;

import dev.sessiond.v1.ChangedFrame;
import dev.sessiond.v1.Event;
import dev.sessiond.v1.Session;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a tail tells. */
public sealed interface Update {
  /** An update that has a place in the session: all but {@link Waiting}. */
  sealed interface Placed extends Update {
    /** Resumes right after this update, in this process or another. */
    String cursor();

    /** The newest seq that the updates up to this one cover. */
    long seq();
  }

  /**
   * The session of now with its whole state: first, and again after every reconnect.
   *
   * @param resumed whether the tail goes on, rather than begins.
   */
  record Opened(String cursor, long seq, Session session, boolean resumed) implements Placed {}

  /** Events, in the order of seq. */
  record Events(String cursor, long seq, List<Event> events) implements Placed {}

  /** The session changed without an event. */
  record Changed(String cursor, long seq, ChangedFrame change) implements Placed {}

  /** Everything stored when the connection opened has come: what follows is live. */
  record CaughtUp(String cursor, long seq) implements Placed {}

  /** The last update; the tail then completes. */
  record Ended(String cursor, long seq, TailEnd reason) implements Placed {}

  /**
   * The connection was lost, and is opened again after a while.
   *
   * @param delay until the next attempt.
   * @param error what ended the connection; null where the server closed it in good order.
   */
  record Waiting(Duration delay, @Nullable Exception error) implements Update {}
}
