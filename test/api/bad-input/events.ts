import { newEvent, newEvents } from "../harness/samples.ts";
import { both, type Group, invalid, tooLarge } from "./row.ts";

const MiB = 1024 * 1024;
const mendJson = "Send valid JSON: an object, or the empty text for none.";
const bytes = (text: string) => new TextEncoder().encode(text);
const deep = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;

/** Events and batches. */
export const events: Group = {
  title: "Events",
  rows: [
    both("No event", invalid("event"), "Send one.", ({ api, key }) => api.appendEvent({ key })),
    both(
      "Partial event",
      invalid("event.partial"),
      "Store the complete event only; partial ones are for the screen.",
      ({ api, key }) => api.appendEvent({ key, event: newEvent({ partial: true }) }),
    ),
    both("Content that is not JSON", invalid("event.content"), mendJson, ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ content: '{"a":' }) }),
    ),
    both("NaN as JSON", invalid("event.content"), mendJson, ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ content: '{"a":NaN}' }) }),
    ),
    both("Content that is JSON but no object", invalid("event.content"), mendJson, ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ content: "[]" }) }),
    ),
    both(
      "Grounding metadata that is not JSON",
      invalid("event.grounding_metadata"),
      mendJson,
      ({ api, key }) => api.appendEvent({ key, event: newEvent({ groundingMetadata: "{'a':1}" }) }),
    ),
    both("Custom metadata that is not JSON", invalid("event.custom_metadata"), mendJson, ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ customMetadata: "{}{}" }) }),
    ),
    both("Extra fields that are not JSON", invalid("event.extra"), mendJson, ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ extra: "undefined" }) }),
    ),
    both("JSON nested 201 levels deep", invalid("event.content"), "Nest at most 200.", ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ content: deep(201) }) }),
    ),
    both("JSON nested a million levels deep", invalid("event.actions"), "Nest at most 200.", ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ actions: bytes(deep(1_000_000)) }) }),
    ),
    both(
      "Actions that are not UTF-8",
      invalid("event.actions"),
      "Encode the text as UTF-8.",
      ({ api, key }) =>
        api.appendEvent({ key, event: newEvent({ actions: Uint8Array.of(0x7b, 0xff, 0x7d) }) }),
    ),
    both("Actions that begin with a byte order mark", invalid("event.actions"), mendJson, ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ actions: bytes("\ufeff{}") }) }),
    ),
    both(
      "Actions with a state delta inside",
      invalid("event.actions"),
      "Move it to `state_delta` and `removed_state_keys`, where it takes effect.",
      ({ api, key }) =>
        api.appendEvent({ key, event: newEvent({ actions: bytes('{"stateDelta":{"a":1}}') }) }),
    ),
    both("Time that is NaN", invalid("event.timestamp"), "Send seconds since 1970.", ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ timestamp: Number.NaN }) }),
    ),
    both("Infinite time", invalid("event.timestamp"), "Send seconds since 1970.", ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ timestamp: Number.NEGATIVE_INFINITY }) }),
    ),
    both(
      "Event of more than 16 MiB",
      tooLarge,
      "Keep large data elsewhere (an artifact), its name in the event.",
      ({ api, key }) =>
        api.appendEvent({ key, event: newEvent({ content: `{"a":"${"x".repeat(16 * MiB)}"}` }) }),
    ),
    both("Message of more than 17 MiB", tooLarge, "Send several batches.", ({ api, key }) =>
      api.batchAppendEvents({
        key,
        events: newEvents(3, "m", { content: `{"a":"${"x".repeat(6 * MiB)}"}` }),
      }),
    ),
    both("Empty batch", invalid("events"), "Send 1 to 1,000 events.", ({ api, key }) =>
      api.batchAppendEvents({ key, events: [] }),
    ),
    both("Batch of 1,001 events", invalid("events"), "Send several batches.", ({ api, key }) =>
      api.batchAppendEvents({ key, events: newEvents(1_001, "b") }),
    ),
    both(
      "An event id that is stored with other content",
      { code: "ALREADY_EXISTS", reason: "EVENT_ID_CONFLICT", metadata: ["event_id", "seq"] },
      "Give a new event an id of its own; repeat a stored one with the same bytes.",
      ({ api, key }) => api.appendEvent({ key, event: newEvent({ id: "e1", author: "other" }) }),
    ),
    both(
      "A batch that is stored in part",
      { code: "ALREADY_EXISTS", reason: "BATCH_PARTLY_STORED", metadata: ["event_id", "seq"] },
      "Repeat a batch as a whole, as it was, or send only what is new.",
      ({ api, key }) => api.batchAppendEvents({ key, events: newEvents(4) }),
    ),
  ],
};
