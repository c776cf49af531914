package dev.sessiond.tail;

import dev.sessiond.v1.Event;
import dev.sessiond.v1.EventsFrame;
import dev.sessiond.v1.Session;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.StreamEventsRequest;
import dev.sessiond.v1.StreamEventsResponse;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a tail keeps from one connection to the next, and what frames mean to it. */
final class Follower {
  /**
   * Before the first frame nobody knows the interval; a server that accepts and never answers is as
   * good as gone.
   */
  private static final Duration FIRST_FRAME = Duration.ofSeconds(30);

  private static final double SILENT_INTERVALS = 2.5;

  private final StreamEventsRequest start;
  private String cursor;

  /** The newest seq that was given to the caller; -1 before the first opening. */
  private long seen = -1;

  private Session.Builder opened = Session.newBuilder();
  private Duration silence = FIRST_FRAME;

  /** Since the first caught_up, on any connection. */
  private boolean live;

  Follower(SessionKey key, StreamEventsRequest place) {
    start = place.toBuilder().setKey(key).setFollow(true).build();
    cursor = place.getCursor();
  }

  /** What opens a connection: at the caller's place until there is a cursor. */
  StreamEventsRequest request() {
    silence = FIRST_FRAME;
    if (cursor.isEmpty()) {
      return start;
    }
    return start.toBuilder()
        .clearAfterSeq()
        .clearAfterTime()
        .clearNumRecentEvents()
        .clearSessionUid()
        .setCursor(cursor)
        .build();
  }

  /** How long the connection may go without a frame before it counts as lost. */
  Duration silence() {
    return silence;
  }

  /** What a frame other than {@code closing} tells the caller, or null. */
  @Nullable Update update(StreamEventsResponse frame) {
    return switch (frame.getFrameCase()) {
      case OPENED -> {
        opened = frame.getOpened().getSession().toBuilder();
        if (frame.getOpened().hasHeartbeatInterval()) {
          var interval = frame.getOpened().getHeartbeatInterval();
          long nanos = Duration.ofSeconds(interval.getSeconds(), interval.getNanos()).toNanos();
          silence = Duration.ofNanos((long) (nanos * SILENT_INTERVALS));
        }
        yield frame.getOpened().getStateContinues() ? null : begun(frame);
      }
      case STATE -> {
        opened.putAllState(frame.getState().getStateMap());
        yield frame.getState().getContinues() ? null : begun(frame);
      }
      case EVENTS -> {
        List<Event> fresh = fresh(frame.getEvents());
        keep(frame);
        yield fresh.isEmpty() ? null : new Update.Events(frame.getCursor(), frame.getSeq(), fresh);
      }
      case CHANGED -> {
        keep(frame);
        yield new Update.Changed(frame.getCursor(), frame.getSeq(), frame.getChanged());
      }
      case CAUGHT_UP -> {
        keep(frame);
        live = true;
        seen = Math.max(Math.max(seen, 0), frame.getSeq());
        yield new Update.CaughtUp(frame.getCursor(), frame.getSeq());
      }
      default -> { // a heartbeat, or a frame that is not known here
        keep(frame);
        yield null;
      }
    };
  }

  private Update begun(StreamEventsResponse frame) {
    boolean resumed = seen >= 0 || !cursor.isEmpty();
    keep(frame);
    if (seen < 0) {
      seen = frame.getSeq();
    }
    return new Update.Opened(frame.getCursor(), frame.getSeq(), opened.build(), resumed);
  }

  private void keep(StreamEventsResponse frame) {
    if (!frame.getCursor().isEmpty()) {
      cursor = frame.getCursor();
    }
  }

  /** The events that the caller does not have: a resume may repeat the beginning of an append. */
  private List<Event> fresh(EventsFrame frame) {
    long had = Math.max(seen, 0);
    List<Event> fresh =
        frame.getEventsList().stream().filter(event -> event.getSeq() > had).toList();
    if (fresh.isEmpty()) {
      return fresh;
    }
    // In the history a filter may leave events out; once live there is no hole.
    if (live) {
      long expected = had;
      for (Event event : fresh) {
        expected++;
        if (event.getSeq() != expected) {
          throw new TailException("after event " + (expected - 1) + " came " + event.getSeq());
        }
      }
    }
    seen = fresh.get(fresh.size() - 1).getSeq();
    return fresh;
  }
}
