package dev.sessiond.adk;

import com.google.adk.events.Event;
import com.google.adk.sessions.Session;
import java.util.ArrayList;
import java.util.List;

/** ADK's sessions of the messages of the wire. */
final class SessionConversion {
  private SessionConversion() {}

  /** Makes ADK's session of a stored one and the events that were asked for. */
  static Session fromProto(dev.sessiond.v1.Session message, List<Event> events) {
    Session session =
        Session.builder(message.getKey().getSessionId())
            .appName(message.getKey().getAppName())
            .userId(message.getKey().getUserId())
            .state(StateConversion.read(message.getStateMap()))
            .events(new ArrayList<>(events))
            .lastUpdateTime(Times.instant(message.getLastEventTime()))
            .build();
    Markers.set(session, message.getUid(), message.getRevision());
    return session;
  }
}
