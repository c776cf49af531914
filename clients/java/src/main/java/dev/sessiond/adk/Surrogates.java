package dev.sessiond.adk;

/** Halves of surrogate pairs, which a Java string may have and UTF-8 cannot carry. */
final class Surrogates {
  private Surrogates() {}

  /** The place of the first lone surrogate, or -1. */
  static int firstLone(String text) {
    for (int index = 0; index < text.length(); index++) {
      char one = text.charAt(index);
      if (Character.isSurrogate(one)) {
        if (isPair(text, index)) {
          index++;
        } else {
          return index;
        }
      }
    }
    return -1;
  }

  /** JSON text in which lone surrogates are escapes. They can stand within its strings only. */
  static String escaped(String json) {
    if (firstLone(json) < 0) {
      return json;
    }
    StringBuilder text = new StringBuilder(json.length() + 5);
    for (int index = 0; index < json.length(); index++) {
      char one = json.charAt(index);
      if (!Character.isSurrogate(one)) {
        text.append(one);
      } else if (isPair(json, index)) {
        text.append(one).append(json.charAt(++index));
      } else {
        text.append("\\u%04x".formatted((int) one));
      }
    }
    return text.toString();
  }

  private static boolean isPair(String text, int index) {
    return index + 1 < text.length()
        && Character.isSurrogatePair(text.charAt(index), text.charAt(index + 1));
  }
}
