/** What a later ADK, an importer or a program with plain stubs may have written. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { EventSchema } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import { languages } from "../languages.ts";
import { nothing, type Row } from "../row.ts";

/** A row whose event is given as the message that is stored. */
export interface ForeignRow extends Row {
  readonly message: MessageInitShape<typeof EventSchema>;
}

function foreign(
  what: string,
  message: ForeignRow["message"],
  at: Row["at"],
  value: unknown,
  more: Partial<Row> = {},
): ForeignRow {
  return { field: what, message, at, value, known: languages, ...more };
}

const actions = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The rows. */
export const foreignRows: readonly ForeignRow[] = [
  foreign("only an id", { id: "only-an-id" }, ["id"], "only-an-id", { note: "everything else is absent" }),
  foreign(
    "an unknown field",
    { extra: '{"nextMonthsField":{"a":1},"modelVersion":"m"}' },
    ["nextMonthsField"],
    { a: 1 },
    { known: [], note: "left out, with one warning for each name in Python and Java; TypeScript keeps it" },
  ),
  foreign(
    "its neighbour",
    { extra: '{"nextMonthsField":{"a":1},"finishReason":"STOP"}' },
    ["finishReason"],
    "STOP",
  ),
  foreign(
    "an unknown action",
    { actions: actions({ nextAction: 1, escalate: true }) },
    ["actions", "nextAction"],
    1,
    {
      known: [],
      note: "as an unknown field",
    },
  ),
  foreign(
    "its neighbour among the actions",
    { actions: actions({ nextAction: 1, escalate: true }) },
    ["actions", "escalate"],
    true,
  ),
  foreign(
    "a part of an unknown kind",
    { content: '{"role":"model","parts":[{"nextKind":{"a":1}},{"text":"y"}]}' },
    ["content", "parts", 1, "text"],
    "y",
    { note: "a part without a kind in Python, Go and Java" },
  ),
  foreign(
    "an unknown field of a part",
    { content: '{"role":"model","parts":[{"text":"x","nextField":1}]}' },
    ["content", "parts", 0, "nextField"],
    1,
    { known: [], note: "as an unknown field" },
  ),
  foreign(
    "url-safe base64",
    { content: '{"role":"model","parts":[{"inlineData":{"mimeType":"m","data":"-_8="}}]}' },
    ["content", "parts", 0, "inlineData", "data"],
    "+/8=",
    { note: "ADK's own stores in Python have it" },
  ),
  foreign(
    "url-safe base64 in grounding metadata",
    { groundingMetadata: '{"searchEntryPoint":{"sdkBlob":"-_8="}}' },
    ["groundingMetadata", "searchEntryPoint", "sdkBlob"],
    "+/8=",
  ),
  foreign(
    "null for an absent member",
    { content: '{"role":"model","parts":[{"text":"x","functionCall":null}]}' },
    ["content", "parts", 0, "text"],
    "x",
    { note: "as absent" },
  ),
  foreign(
    "null for an absent action",
    { actions: actions({ transferToAgent: null, escalate: true }) },
    ["actions", "escalate"],
    true,
    { note: "as absent" },
  ),
  foreign(
    "1.0 for an integer",
    { extra: '{"usageMetadata":{"promptTokenCount":3.0}}' },
    ["usageMetadata", "promptTokenCount"],
    3,
  ),
  foreign(
    "an unknown name of an enum",
    { extra: '{"finishReason":"NEXT_REASON"}' },
    ["finishReason"],
    "NEXT_REASON",
  ),
  foreign("an unknown error code", { errorCode: "NEXT_CODE" }, ["errorCode"], "NEXT_CODE"),
  foreign(
    "a lone surrogate",
    { content: '{"role":"model","parts":[{"text":"a\\ud800"}]}' },
    ["content", "parts", 0, "text"],
    "a\ud800",
    {
      read: { go: "a\ufffd" },
      note: "its escape; Go reads U+FFFD, and so does Python where its pydantic refuses the half",
    },
  ),
  foreign("a time in the far future", { timestamp: 1e12 }, ["timestamp"], 1e12, {
    read: { go: 253_402_300_799 },
    note: "Go's ADK knows the years 1 to 9999",
  }),
  foreign(
    "an empty object where Go has a pointer",
    { extra: '{"citationMetadata":{}}' },
    ["citationMetadata"],
    {},
    {
      known: ["python", "go"],
      read: { java: nothing },
      note: "stays an object",
    },
  ),
];
