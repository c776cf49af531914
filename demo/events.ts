/** Short ways to write the events of the demonstration. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { EventSchema } from "../gen/ts/sessiond/v1/event_pb.ts";

export type EventInit = Omit<MessageInitShape<typeof EventSchema>, "$typeName" | "$unknown">;

/** An integer that no JavaScript number holds, as it stands in JSON. */
export function integer(digits: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);
}

/** Parts of a content, as ADK writes them. */
export type PartJson = Readonly<Record<string, unknown>>;

export const text = (words: string): PartJson => ({ text: words });
export const thought = (words: string): PartJson => ({ text: words, thought: true });
export const call = (id: string, name: string, args: object): PartJson => ({
  functionCall: { id, name, args },
});
export const answer = (id: string, name: string, response: object): PartJson => ({
  functionResponse: { id, name, response },
});

/** Writes events one after the other by a clock of its own. */
export class Script {
  readonly events: EventInit[] = [];
  #time: number;
  #invocation = "";

  /** Begins so many seconds ago. */
  constructor(secondsAgo: number) {
    this.#time = Date.now() / 1000 - secondsAgo;
  }

  /** What follows belongs to this invocation. */
  invocation(id: string): this {
    this.#invocation = id;
    return this;
  }

  /** So many seconds pass. */
  wait(seconds: number): this {
    this.#time += seconds;
    return this;
  }

  get time(): number {
    return this.#time;
  }

  /** An event of an author, a moment after the one before. */
  say(author: string, parts: readonly PartJson[], more: EventInit & { readonly usage?: number } = {}): this {
    this.#time += 0.4 + (this.events.length % 5) * 0.7;
    const { usage, ...event } = more;
    const role = author === "user" ? "user" : "model";
    this.events.push({
      id: `${this.#invocation}-${this.events.length}`,
      invocationId: this.#invocation,
      author,
      timestamp: this.#time,
      ...(parts.length === 0 ? {} : { content: JSON.stringify({ role, parts }) }),
      ...(usage === undefined ? {} : { extra: usageJson(usage) }),
      writer: { language: "typescript", adkVersion: "demo" },
      ...event,
    });
    return this;
  }
}

/** Actions as the bytes that an event carries. */
export function actions(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function usageJson(total: number): string {
  const candidatesTokenCount = Math.round(total / 6);
  return JSON.stringify({
    usageMetadata: {
      promptTokenCount: total - candidatesTokenCount,
      candidatesTokenCount,
      totalTokenCount: total,
    },
    modelVersion: "scripted",
  });
}
