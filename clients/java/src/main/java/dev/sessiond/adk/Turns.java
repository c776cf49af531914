package dev.sessiond.adk;

import com.google.adk.sessions.Session;
import com.google.common.collect.MapMaker;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.function.BooleanSupplier;

/**
 * The turns at one {@code Session} object: what is asked of it by several threads is done one after
 * another, first come, first served. Nobody is blocked meanwhile.
 */
final class Turns {
  private static final Map<Session, Turns> ALL = new MapMaker().weakKeys().makeMap();

  private final Queue<BooleanSupplier> waiting = new ArrayDeque<>();
  private boolean taken;

  private Turns() {}

  /** The turns that everyone shares who asks for the same object. */
  static Turns at(Session session) {
    return ALL.computeIfAbsent(session, unused -> new Turns());
  }

  /**
   * Begins work when its turn comes.
   *
   * @param work begins it, and says whether it did; then {@link #leave} has to be called at its
   *     end.
   */
  void enter(BooleanSupplier work) {
    synchronized (this) {
      if (taken) {
        waiting.add(work);
        return;
      }
      taken = true;
    }
    if (!work.getAsBoolean()) {
      leave();
    }
  }

  /** Ends the turn, and begins the next one. */
  void leave() {
    BooleanSupplier next;
    do {
      synchronized (this) {
        next = waiting.poll();
        if (next == null) {
          taken = false;
          return;
        }
      }
    } while (!next.getAsBoolean());
  }
}
