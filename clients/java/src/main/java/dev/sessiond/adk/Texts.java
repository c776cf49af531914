package dev.sessiond.adk;

import dev.sessiond.v1.SessionKey;

/** Texts that protobuf has to carry. */
final class Texts {
  private Texts() {}

  /**
   * The text, if UTF-8 can carry it.
   *
   * @throws InvalidRequestException it has half of a surrogate pair, which would become a {@code ?}
   *     without a word.
   */
  static String utf8(String what, String text) {
    int place = Surrogates.firstLone(text);
    if (place >= 0) {
      throw Errors.invalid(
          "%s has a lone surrogate at %d, which UTF-8 cannot carry".formatted(what, place), null);
    }
    return text;
  }

  /**
   * Names a session, or a user or an app where the rest is empty.
   *
   * @throws InvalidRequestException an id that UTF-8 cannot carry.
   */
  static SessionKey key(String appName, String userId, String sessionId) {
    return SessionKey.newBuilder()
        .setAppName(utf8("appName", appName))
        .setUserId(utf8("userId", userId))
        .setSessionId(utf8("sessionId", sessionId))
        .build();
  }
}
