/** The other fields of an event. */
import { type Language, languages } from "../languages.ts";
import { nothing, type Row } from "../row.ts";

function field(name: string, value: unknown, more: Partial<Row> = {}): Row {
  return { field: name, at: [name], value, known: languages, ...more };
}

const notJava: readonly Language[] = ["python", "go", "typescript"];

/** The rows. */
export const payloads: readonly Row[] = [
  field("groundingMetadata", {
    webSearchQueries: ["q"],
    groundingChunks: [{ web: { uri: "u", title: "t" } }],
    searchEntryPoint: { renderedContent: "<a>", sdkBlob: "+/8A" },
  }),
  field(
    "customMetadata",
    { "": { deep: [null] }, list: ["a", "b"], number: 1.5, text: "x" },
    {
      writers: notJava,
      read: {
        java: [
          { key: "", stringValue: '{"deep":[null]}' },
          { key: "list", stringListValue: { values: ["a", "b"] } },
          { key: "number", numericValue: 1.5 },
          { key: "text", stringValue: "x" },
        ],
      },
      note: "an object; Java's model is a list, and it reads one entry per member: texts, numbers (as float), lists of texts, and the JSON text of all else",
    },
  ),
  field(
    "customMetadata, Java's",
    [
      { key: "text", stringValue: "x" },
      { key: "number", numericValue: 1.5 },
    ],
    {
      at: ["customMetadata"],
      known: ["java"],
      read: { python: nothing, go: nothing },
      note: "Java writes its list. Python and Go, whose model is an object, leave it out",
    },
  ),
  field("usageMetadata", {
    promptTokenCount: 3,
    totalTokenCount: 5,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
  }),
  field("finishReason", "STOP", { note: "an enum: its name; unknown ones are read" }),
  field("modelVersion", "m-1"),
  field("avgLogprobs", -0.125, { known: ["python", "go", "java"] }),
  field("inputTranscription", { text: "in", finished: true }),
  field("outputTranscription", { text: "out", finished: true }),
  field(
    "citationMetadata",
    {
      citations: [
        { startIndex: 1, endIndex: 2, uri: "u", publicationDate: { year: 2024, month: 2, day: 29 } },
      ],
    },
    { known: notJava },
  ),
  field("citationMetadata, empty", {}, { at: ["citationMetadata"], known: notJava }),
  field(
    "logprobsResult",
    { chosenCandidates: [{ token: "x", tokenId: 7, logProbability: -0.5 }] },
    { known: ["python", "go"] },
  ),
  field("output", { result: [1.5, "2", null] }, { known: notJava }),
  field(
    "nodeInfo",
    { path: "wf.child@1", outputFor: ["wf"], messageAsOutput: true },
    { known: notJava, note: "Python writes one with an empty path for every event; Go reads that as nil" },
  ),
  field("isolationScope", "scope", { known: notJava }),
  field("routes", ["left", "right"], { known: ["go"] }),
  field("route", ["left", 2, true], { known: ["typescript"] }),
  field("requestedInput", { interruptId: "i", message: "Which?", payload: { a: ["x"] } }, { known: ["go"] }),
  field("sessionResumptionHandle", "h", { known: ["go"] }),
  field(
    "liveSessionResumptionUpdate",
    { newHandle: "h", resumable: true },
    { known: ["python", "typescript"] },
  ),
  field("liveSessionId", "live", { known: ["python", "typescript"] }),
  field("goAway", { timeLeft: "9s" }, { known: ["python", "typescript"] }),
  field("voiceActivity", { voiceActivityType: "ACTIVITY_START" }, { known: ["python"] }),
  field("turnCompleteReason", "RESPONSE_REJECTED", { known: ["python"] }),
  field(
    "cacheMetadata",
    { fingerprint: "f", contents_count: 2, cache_name: "c", expire_time: 1.5, invocations_used: 1 },
    { known: ["python"], note: "ADK's own names have no camelCase here" },
  ),
  field("interactionId", "i", { known: ["python", "typescript"] }),
  field("interactionStatus", "completed", { known: ["python"] }),
  field("environmentId", "e", { known: ["python"] }),
  field("isCompacted", true, {
    known: ["typescript"],
    note: "a CompactedEvent: TypeScript has a compaction in the event, Python and Java in the actions, and neither takes the other's for one",
  }),
  field("startTime", 1_742_000_000_123, {
    known: ["typescript"],
    note: "of a CompactedEvent: milliseconds, as ADK has it",
  }),
  field("endTime", 1_742_000_001_123, { known: ["typescript"], note: "as startTime" }),
  field("compactedContent", "short", { known: ["typescript"] }),
  field("isScratchpad", true, { known: ["typescript"] }),
];
