package dev.sessiond.adk;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.google.adk.sessions.State;
import dev.sessiond.v1.Event;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * State to and from the wire, where it is a map from key with its prefix to JSON text.
 *
 * <p>{@code temp:} keys are never sent. A null and {@link State#REMOVED}, or its text, mean that
 * there is no such key, as ADK has it. JSON's null, which the other languages store as a value,
 * cannot be in a {@code ConcurrentMap}: it is read as if the key were not there.
 */
final class StateConversion {
  /** What {@link State#REMOVED} is in ADK's JSON. */
  private static final String REMOVED_TEXT = "__ADK_SENTINEL_REMOVED__";

  private StateConversion() {}

  /**
   * Writes a state to begin with.
   *
   * @throws InvalidRequestException a key that UTF-8, or a value that JSON, cannot carry.
   */
  static Map<String, String> write(@Nullable Map<String, Object> state) {
    Map<String, String> texts = new HashMap<>();
    if (state != null) {
      state.forEach(
          (key, value) -> {
            if (!key.startsWith(State.TEMP_PREFIX) && !isRemoved(value)) {
              texts.put(Texts.utf8("state key", key), text(key, value));
            }
          });
    }
    return texts;
  }

  /** Writes what an event changes; the removed keys are sorted. */
  static void writeDelta(Map<String, Object> delta, Event.Builder message) {
    message.putAllStateDelta(write(delta));
    delta.entrySet().stream()
        .filter(entry -> isRemoved(entry.getValue()))
        .map(Map.Entry::getKey)
        .filter(key -> !key.startsWith(State.TEMP_PREFIX))
        .sorted()
        .forEach(key -> message.addRemovedStateKeys(Texts.utf8("state key", key)));
  }

  /** Reads state. */
  static ConcurrentMap<String, Object> read(Map<String, String> state) {
    ConcurrentMap<String, Object> values = new ConcurrentHashMap<>();
    state.forEach(
        (key, text) -> {
          Object value = JsonText.read(text);
          if (value != null) {
            values.put(key, value);
          }
        });
    return values;
  }

  /** Reads what an event changed into the delta of its actions. */
  static void readDelta(Event message, Map<String, Object> delta) {
    message
        .getStateDeltaMap()
        .forEach(
            (key, text) -> {
              Object value = JsonText.read(text);
              delta.put(key, value == null ? State.REMOVED : value);
            });
    message.getRemovedStateKeysList().forEach(key -> delta.put(key, State.REMOVED));
  }

  /** Whether a value says that there is no such key; an event that was JSON has the text of it. */
  static boolean isRemoved(@Nullable Object value) {
    return value == null || value == State.REMOVED || REMOVED_TEXT.equals(value);
  }

  private static String text(String key, Object value) {
    try {
      return JsonText.write(value);
    } catch (JsonProcessingException error) {
      throw Errors.invalid(
          "state key '%s' has a %s, which JSON cannot carry: %s"
              .formatted(key, value.getClass().getName(), error.getOriginalMessage()),
          error);
    }
  }
}
