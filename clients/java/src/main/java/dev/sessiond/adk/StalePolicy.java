package dev.sessiond.adk;

/** What an append does when the session was changed since it was loaded. */
public enum StalePolicy {
  /** It fails with a {@link StaleSessionException} and stores nothing. */
  REJECT,
  /** The event is stored behind what the others wrote. */
  APPEND
}
