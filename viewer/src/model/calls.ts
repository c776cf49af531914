/** Which event called a tool and which one answered: an index by call id, grown by every event that is loaded. */
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import { viewOf } from "./parts.ts";

/** A call and its answers, as far as they are loaded. */
export interface ToolCall {
  readonly id: string;
  name: string;
  /** The seq of the event that called. */
  callSeq: number | undefined;
  /** Seconds since 1970, by the writers' clocks. */
  callTime: number | undefined;
  /** The invocation that it belongs to. */
  invocation: string;
  /** The seqs of the events that answered, in order: a long-running tool answers more than once. */
  readonly responseSeqs: number[];
  /** The time of the newest answer. */
  responseTime: number | undefined;
  longRunning: boolean;
  failed: boolean;
}

/** Cheap signs of calls and answers, so that other contents are not parsed before they are seen. */
const signs = /"function(?:Call|Response)"/;

export class CallIndex {
  readonly #calls = new Map<string, ToolCall>();
  /** Calls by the event that made them, in order. */
  readonly #bySeq = new Map<number, ToolCall[]>();

  /** The call of an id; undefined before it or its answer is loaded. */
  get(id: string): ToolCall | undefined {
    return this.#calls.get(id);
  }

  /** All calls of an invocation that are loaded, in order. */
  ofInvocation(invocation: string): ToolCall[] {
    return [...this.#calls.values()]
      .filter((call) => call.invocation === invocation && call.callSeq !== undefined)
      .sort((a, b) => (a.callSeq ?? 0) - (b.callSeq ?? 0));
  }

  /** The calls that an event made. */
  madeBy(seq: number): readonly ToolCall[] {
    return this.#bySeq.get(seq) ?? [];
  }

  /** Takes an event in; again is the same. */
  add(event: Event): void {
    if (!signs.test(event.content)) return;
    const seq = Number(event.seq);
    for (const part of viewOf(event).parts) {
      if (part.kind !== "call" && part.kind !== "response") continue;
      if (part.id === "") continue;
      const call = this.#call(part.id, part.name);
      if (part.kind === "call") {
        if (call.callSeq !== undefined) continue;
        call.name = part.name;
        call.callSeq = seq;
        call.callTime = event.timestamp;
        call.invocation = event.invocationId ?? "";
        call.longRunning = event.longRunningToolIds?.ids.includes(part.id) ?? false;
        this.#bySeq.set(seq, [...(this.#bySeq.get(seq) ?? []), call]);
      } else if (!call.responseSeqs.includes(seq)) {
        call.responseSeqs.push(seq);
        call.responseSeqs.sort((a, b) => a - b);
        if (call.responseSeqs.at(-1) !== seq) continue;
        call.responseTime = event.timestamp;
        call.failed = part.failed;
      }
    }
  }

  #call(id: string, name: string): ToolCall {
    let call = this.#calls.get(id);
    if (call === undefined) {
      call = {
        id,
        name,
        callSeq: undefined,
        callTime: undefined,
        invocation: "",
        responseSeqs: [],
        responseTime: undefined,
        longRunning: false,
        failed: false,
      };
      this.#calls.set(id, call);
    }
    return call;
  }
}
