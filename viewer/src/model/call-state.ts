import type { ToolCall } from "./calls.ts";
import type { SeqRanges } from "./seq-ranges.ts";

/** How a call is doing; `unknown` where the answer may be among events that are not loaded. */
export type CallState = "open" | "long-running" | "unknown" | "failed" | "done";

/** How a call is doing, by the events that are known up to the head. */
export function callState(call: ToolCall, known: SeqRanges, headSeq: number): CallState {
  if (call.responseSeqs.length > 0) return call.failed ? "failed" : "done";
  if (call.callSeq !== undefined && !known.covers(call.callSeq, headSeq)) return "unknown";
  return call.longRunning ? "long-running" : "open";
}

/** Whether nobody has answered so far. */
export function isOpen(state: CallState): boolean {
  return state === "open" || state === "long-running";
}
