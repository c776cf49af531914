package dev.sessiond.adk;

import java.util.Map;

/**
 * What a stored session has and ADK's has not.
 *
 * @param ownerId who owns the session outside of ADK; empty if nobody is named.
 * @param displayName a title for people; may be empty.
 * @param labels small marks to filter by.
 */
public record SessionProperties(String ownerId, String displayName, Map<String, String> labels) {
  /** None of it. */
  public static final SessionProperties NONE = new SessionProperties("", "", Map.of());

  /** Copies the labels. */
  public SessionProperties {
    labels = Map.copyOf(labels);
  }
}
