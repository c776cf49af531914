package dev.sessiond.adk;

import com.google.adk.sessions.Session;
import com.google.common.collect.MapMaker;
import java.util.Map;
import java.util.Optional;

/**
 * Which state of the stored session a {@code Session} object stands for. ADK's class has no slot
 * for it, so it is kept beside the object, as long as that lives; a copy of the object has none.
 */
final class Markers {
  /**
   * @param uid of the stored session.
   * @param revision of the stored session.
   */
  record Marker(String uid, long revision) {}

  // Weak keys are compared by identity.
  private static final Map<Session, Marker> MARKERS = new MapMaker().weakKeys().makeMap();

  private Markers() {}

  static Optional<Marker> of(Session session) {
    return Optional.ofNullable(MARKERS.get(session));
  }

  static void set(Session session, String uid, long revision) {
    MARKERS.put(session, new Marker(uid, revision));
  }
}
