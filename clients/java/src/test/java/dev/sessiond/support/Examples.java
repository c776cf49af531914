package dev.sessiond.support;

import com.google.adk.events.Event;
import com.google.adk.events.EventActions;
import com.google.genai.types.Content;
import com.google.genai.types.Part;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** Small things that tests need. */
public final class Examples {
  private Examples() {}

  /** An app that no other test uses. */
  public static String app() {
    return "app-" + UUID.randomUUID();
  }

  /** A user's message. */
  public static Event message(String text) {
    return Event.builder()
        .id(Event.generateEventId())
        .invocationId("e-1")
        .author("user")
        .content(Content.builder().role("user").parts(Part.fromText(text)).build())
        .build();
  }

  /** An event that changes state: keys and values, one after the other. */
  public static Event change(Object... pairs) {
    Map<String, Object> delta = new HashMap<>();
    for (int index = 0; index < pairs.length; index += 2) {
      delta.put((String) pairs[index], pairs[index + 1]);
    }
    return message("change").toBuilder()
        .actions(EventActions.builder().stateDelta(delta).build())
        .build();
  }

  /** The text of an event's first part. */
  public static String text(Event event) {
    return event.content().get().parts().get().get(0).text().get();
  }
}
