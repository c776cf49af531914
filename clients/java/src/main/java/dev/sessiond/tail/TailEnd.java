package dev.sessiond.tail;

/** Why a tail has come to its end. */
public enum TailEnd {
  /** The session was deleted. */
  DELETED,
  /**
   * The session was deleted and made again: start over without the cursor, if that one is wanted.
   */
  RECREATED,
  /** The events after the cursor are no longer stored: start over without it. */
  TRIMMED
}
