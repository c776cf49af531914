/** The typed fields of an event. */
import { languages } from "../languages.ts";
import { nothing, type Row } from "../row.ts";

const pointersInGo = "Go has no absent: false is written as absent, and absent is read as false";

/** The rows. */
export const envelope: readonly Row[] = [
  {
    field: "id",
    at: ["id"],
    value: "an id: ü \u{1f600}",
    known: languages,
    note: "made up where it is empty",
  },
  { field: "invocationId", at: ["invocationId"], value: "e-\u0000", known: languages },
  { field: "author", at: ["author"], value: "user", known: languages },
  { field: "branch", at: ["branch"], value: "root.child", known: languages },
  {
    field: "timestamp, milliseconds",
    at: ["timestamp"],
    value: 1_742_000_000.123,
    known: languages,
    note: "seconds as a double: a float in Python, time.Time in Go, milliseconds in Java and TypeScript",
  },
  {
    field: "timestamp, microseconds",
    at: ["timestamp"],
    value: 1_742_000_000.123456,
    known: languages,
    writers: ["python", "go"],
    read: { java: 1_742_000_000.123 },
    note: "Java reads the nearest millisecond; TypeScript a fraction of one",
  },
  {
    field: "timestamp, below a microsecond",
    at: ["timestamp"],
    value: 1_742_000_000.1234567,
    known: languages,
    writers: ["python"],
    read: { go: 1_742_000_000.123457, java: 1_742_000_000.123 },
    note: "Go reads the nearest microsecond",
  },
  {
    field: "timestamp, year 1",
    at: ["timestamp"],
    value: -62_135_596_800,
    known: languages,
    note: "Go's zero time",
  },
  { field: "turnComplete", at: ["turnComplete"], value: true, known: languages },
  {
    field: "turnComplete, false",
    at: ["turnComplete"],
    value: false,
    known: languages,
    writers: ["python", "java", "typescript"],
    read: { go: nothing },
    note: pointersInGo,
  },
  { field: "interrupted", at: ["interrupted"], value: true, known: languages },
  {
    field: "partial",
    at: ["partial"],
    value: false,
    known: languages,
    writers: ["python", "java", "typescript"],
    read: { go: nothing },
    note: `partial events are never sent; ${pointersInGo}`,
  },
  {
    field: "errorCode",
    at: ["errorCode"],
    value: "SAFETY",
    known: languages,
    note: "a text; in Java a FinishReason of any name",
  },
  { field: "errorMessage", at: ["errorMessage"], value: "no \u0000 \u{1f600}", known: languages },
  {
    field: "longRunningToolIds",
    at: ["longRunningToolIds"],
    value: ["a", "b"],
    known: languages,
    built: { python: ["b", "a"], go: ["a", "b"], java: ["b", "a"], typescript: ["a", "b"] },
    note: "a set in Python and Java, a list in Go and TypeScript; sorted on the wire",
  },
  {
    field: "longRunningToolIds, empty",
    at: ["longRunningToolIds"],
    value: [],
    known: languages,
    writers: ["python", "java", "typescript"],
    read: { go: nothing },
    note: "differs from absent; Go keeps the difference in the slice (empty or nil), not in its JSON",
  },
];
