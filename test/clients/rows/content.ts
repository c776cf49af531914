/** An event's content. */
import { digits } from "../exact.ts";
import { type Language, languages } from "../languages.ts";
import { nothing, type Row } from "../row.ts";

const notJava: readonly Language[] = ["python", "go", "typescript"];

function part(name: string, value: unknown, more: Partial<Row> = {}): Row {
  return {
    field: `content.parts[].${name}`,
    at: ["content", "parts", 0, ...name.split(".")],
    value,
    known: languages,
    ...more,
  };
}

/** The rows. */
export const content: readonly Row[] = [
  {
    field: "content.role",
    at: ["content"],
    value: { role: "user", parts: [{ text: "hi" }] },
    known: languages,
  },
  part("text", "héllo <b>& \u0000 \u{1f600} \u2028"),
  part("text, empty", "", {
    at: ["content", "parts", 0, "text"],
    writers: ["python", "java", "typescript"],
    read: { go: nothing },
    note: "Go has no absent: an empty text is written as absent",
  }),
  {
    ...part("thought", { text: "hm", thought: true }),
    at: ["content", "parts", 0],
  },
  part("thoughtSignature", "+/8A", {
    note: "bytes: standard base64; both alphabets are read. A text in TypeScript, which is taken as it is",
  }),
  part("functionCall", {
    id: "call",
    name: "f",
    args: { a: 1.5, b: [null, true], ключ: { snake_key: -0.1 } },
  }),
  part(
    "functionCall.args, whole numbers",
    { one: 1, large: digits("9007199254740993") },
    {
      at: ["content", "parts", 0, "functionCall", "args"],
      writers: ["python", "java"],
      read: { typescript: { one: 1, large: digits("9007199254740992") } },
      note: "beyond 2^53 Go reads an int64, where ADK itself has float64; TypeScript the nearest number",
    },
  ),
  part(
    "functionCall.args, NaN",
    { x: { $: "nan" } },
    {
      at: ["content", "parts", 0, "functionCall", "args"],
      writers: ["python", "typescript"],
      wire: { python: { x: null }, typescript: { x: null } },
      becomes: "null",
      note: "null, as JSON has no NaN; Java does the same, and in Go it is an error",
    },
  ),
  part("functionCall.partialArgs", [{ jsonPath: "$.a", stringValue: "x", willContinue: true }]),
  part("functionCall.willContinue", true),
  part("functionResponse", {
    id: "call",
    name: "f",
    response: { output: { deep: [1, [2, [3]]], none: null } },
  }),
  part("functionResponse.scheduling", "SILENT", { note: "an enum: its name" }),
  part("functionResponse.willContinue", true),
  part("functionResponse.parts", [{ inlineData: { mimeType: "image/png", data: "AP/+/w==" } }]),
  part(
    "inlineData",
    { mimeType: "image/png", data: "+/8A+w==", displayName: "p" },
    { note: "bytes, as above" },
  ),
  part("fileData", { fileUri: "gs://b/o", mimeType: "text/plain", displayName: "o" }),
  part("executableCode", { code: "print(1)", language: "PYTHON" }),
  part("codeExecutionResult", { outcome: "OUTCOME_OK", output: "1" }),
  {
    ...part("videoMetadata", {
      fileData: { fileUri: "gs://v" },
      videoMetadata: { startOffset: "1.5s", endOffset: "3s", fps: 0.5 },
    }),
    at: ["content", "parts", 0],
    note: "times within it are texts: 1.5s; a Duration in Go and Java",
  },
  part("mediaResolution", { level: "MEDIA_RESOLUTION_HIGH" }),
  part("toolCall", { id: "t", toolType: "GOOGLE_SEARCH_WEB", args: { q: "x" } }),
  part("toolResponse", { id: "t", toolType: "GOOGLE_SEARCH_WEB", response: { r: "x" } }),
  {
    ...part("partMetadata", { text: "x", partMetadata: { m: { x: "y", n: null } } }),
    at: ["content", "parts", 0],
  },
  part("audioTranscription", { text: "said", finished: true }, { known: notJava }),
  part("mediaProcessing", "AGENTIC", { known: ["python", "typescript"] }),
  part("speechMetadata", { speaker: "s", style: "calm" }, { known: ["python", "typescript"] }),
];
