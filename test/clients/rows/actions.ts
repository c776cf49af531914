/** What an event does. */
import { type Language, languages } from "../languages.ts";
import { nothing, type Row } from "../row.ts";

function action(name: string, value: unknown, more: Partial<Row> = {}): Row {
  return { field: `actions.${name}`, at: ["actions", name], value, known: languages, ...more };
}

const notGo: readonly Language[] = ["python", "java", "typescript"];

/** The rows. */
export const actions: readonly Row[] = [
  action("skipSummarization", true),
  action("escalate", true),
  {
    ...action("escalate", false, {
      writers: notGo,
      read: { go: nothing },
      note: "Go has no absent: false is written as absent",
    }),
    field: "actions.escalate, false",
  },
  action("transferToAgent", "other"),
  action("artifactDelta", { "file.txt": 3 }),
  action("deletedArtifactIds", ["old.txt"], { known: ["java"] }),
  action("requestedToolConfirmations", { call: { hint: "sure?", confirmed: true, payload: { n: 1.5 } } }),
  action(
    "requestedAuthConfigs",
    { call: { authScheme: { type: "apiKey", in: "header", name: "X" }, credentialKey: "k" } },
    { known: notGo, note: "a model of its own in Python, a map in Java" },
  ),
  action(
    "compaction",
    {
      startTimestamp: 1_742_000_000.123,
      endTimestamp: 1_742_000_001.5,
      compactedContent: { role: "model", parts: [{ text: "short" }] },
    },
    { known: ["python", "java"], note: "seconds on the wire; milliseconds in Java" },
  ),
  action("endOfAgent", true, { known: notGo }),
  action("agentState", { node: { status: 2 }, none: null }, { known: ["python", "typescript"] }),
  action("rewindBeforeInvocationId", "e-0", { known: ["python"] }),
  action("route", ["left", 2, true], { known: ["python"] }),
  action("renderUiWidgets", [{ id: "w", provider: "p", payload: { a: 1 } }], { known: ["python"] }),
  action("setModelResponse", { a: [1] }, { known: ["python"] }),
  action("transferReason", "because", { known: ["python"] }),
];
