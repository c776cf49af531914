package dev.sessiond.adk;

import com.google.adk.events.Event;
import dev.sessiond.v1.Session;
import java.util.List;

/** A stored session with its merged state, and the events that were asked for. */
record History(Session session, List<Event> events) {}
