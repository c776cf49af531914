/** Values of state, in an event's delta and in the session's merged state. */
import { type Digits, digits } from "../exact.ts";
import { languages } from "../languages.ts";
import { removed } from "../normal.ts";
import { nothing, type Reading, type Row } from "../row.ts";

/** The least digits of a double, which is what languages with one type of numbers write. */
const double: Reading = (sent) => digits(String(Number((sent as Digits).text)));
const doubles = { go: double, typescript: double };
const sentinel = "__ADK_SENTINEL_REMOVED__";

function state(what: string, key: string, value: unknown, more: Partial<Row> = {}): Row {
  return {
    field: `state: ${what}`,
    at: ["actions", "stateDelta", key],
    value,
    known: languages,
    ...more,
  };
}

/** The rows. The last but one sets the key that the last removes. */
export const stateValues: readonly Row[] = [
  state("text", "text", "héllo \u0000 \u{1f600}"),
  state("a key of any text", "Schlüssel \u{1f511}.a b", "x"),
  state("true", "flag", true),
  state("a whole number", "whole", digits("7"), {
    note: "an int in Python and Java, float64 in Go, number in TypeScript",
  }),
  state("1.0", "float", digits("1.0"), {
    wire: { go: digits("1"), typescript: digits("1") },
    read: doubles,
    note: "Python and Java write 1.0 and read 1.0 and 1 as two types; Go and TypeScript have one type, and write 1",
  }),
  state("a fraction", "fraction", digits("0.30000000000000004"), {
    note: "the shortest digits of the double",
  }),
  state("an integer beyond 2^53", "int64", digits("9223372036854775807"), {
    writers: ["python", "go", "java"],
    read: { typescript: digits("9223372036854776000") },
    note: "int64 in Go, Long in Java; TypeScript reads the nearest number, and cannot write a BigInt",
  }),
  state("an integer beyond 2^63", "huge", digits("1180591620717411303425"), {
    writers: ["python", "java"],
    read: { go: (sent: unknown) => sent, typescript: digits("1.1805916207174113e+21") },
    note: "float64 where that is exact, else json.Number in Go; BigInteger in Java",
  }),
  state(
    "NaN, an infinity",
    "nan",
    { $: "nan" },
    {
      writers: ["python", "java", "typescript"],
      wire: { python: null, java: null, typescript: null },
      read: { java: sentinel },
      state: { java: nothing },
      becomes: "null",
      note: "null, as JSON has neither; an error in Go, as in its own services",
    },
  ),
  state("null", "null", null, {
    writers: ["python", "go", "typescript"],
    read: { java: sentinel },
    state: { java: nothing },
    note: "a value. Java's maps cannot hold it: it is State.REMOVED in an event, and no key in state",
  }),
  state("a list", "list", ["x", 1.5, null, []]),
  state(
    "an object",
    "object",
    { b: { deep: [{}] }, a: null, "": "" },
    { note: "replaced as a whole, never merged" },
  ),
  state("user:", "user:key", "of the user", { note: "shared by the user's sessions" }),
  state("app:", "app:key", "of the app", { note: "shared by the app's sessions" }),
  state("temp:", "temp:key", "gone", {
    wire: { python: nothing, go: nothing, java: nothing, typescript: nothing },
    becomes: "nothing",
    note: "never sent",
  }),
  state(
    "bytes",
    "bytes",
    { $: "bytes", base64: "+/8A" },
    {
      wire: { python: "+/8A", go: "+/8A", java: "+/8A", typescript: "+/8A" },
      becomes: "a text",
      note: "standard base64, read as a text; in Python bytes that are UTF-8 become that text, as in ADK's own services",
    },
  ),
  state(
    "a set",
    "set",
    { $: "set", of: ["a"] },
    {
      writers: ["python", "java", "typescript"],
      wire: { python: ["a"], java: ["a"], typescript: ["a"] },
      becomes: "a list",
      note: "a list; sorted in Python and Java",
    },
  ),
  state(
    "a time",
    "time",
    { $: "time", is: "2026-01-02T03:04:05Z" },
    {
      wire: {
        python: "2026-01-02T03:04:05Z",
        go: "2026-01-02T03:04:05Z",
        java: "2026-01-02T03:04:05Z",
        typescript: "2026-01-02T03:04:05.000Z",
      },
      becomes: "a text",
      note: "datetime, time.Time, Instant and Date become RFC 3339, read as a text",
    },
  ),
  state("a key that is removed later", "gone", "for a while"),
  state("a removed key", "gone", removed, {
    writers: ["java", "typescript"],
    read: { python: nothing, go: nothing, java: sentinel, typescript: nothing },
    state: { java: nothing },
    note: "removed_state_keys: State.REMOVED in Java, undefined in TypeScript. Python and Go cannot remove a key, and do not see it in the event; the state has it no more",
  }),
];
