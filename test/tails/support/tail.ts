/** An open StreamEvents that follows, read as it comes. */
import { expect } from "vitest";
import {
  ClosingReason,
  type StreamEventsRequest,
  type StreamEventsResponse,
} from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Api, Key } from "../../api/harness.ts";

/** What a tail begins with, beside its session. */
export type TailStart = Partial<Pick<StreamEventsRequest, "cursor" | "numRecentEvents">>;

/** A client's tail. */
export class Tail {
  readonly frames: StreamEventsResponse[] = [];
  /** How the stream ended; undefined while it is open. */
  end: { readonly error: unknown } | undefined;
  readonly #abort = new AbortController();
  readonly #reading: Promise<void>;

  constructor(api: Api, key: Key, start: TailStart = {}) {
    this.#reading = this.#read(api, key, start);
  }

  async #read(api: Api, key: Key, start: TailStart): Promise<void> {
    try {
      const request = { key, follow: true, ...start };
      for await (const frame of api.streamEvents(request, { signal: this.#abort.signal }))
        this.frames.push(frame);
      this.end = { error: undefined };
    } catch (error) {
      this.end = { error };
    }
  }

  /** What was told, in one word each: an event's id, `changed 5`, `closing MAX_AGE`; no heartbeats. */
  get told(): string[] {
    return this.frames.flatMap(({ frame }) => {
      if (frame.case === "events") return frame.value.events.map(({ id }) => id);
      if (frame.case === "changed") return [`changed ${frame.value.revision}`];
      if (frame.case === "closing") return [`closing ${closingNames.get(frame.value.reason)}`];
      return frame.case === undefined || frame.case === "heartbeat" ? [] : [frame.case];
    });
  }

  /** Every revision that was told, in the order of telling. */
  get revisions(): number[] {
    return this.frames.flatMap(({ frame }) => {
      if (frame.case === "events") return frame.value.events.map(({ revision }) => Number(revision));
      return frame.case === "changed" ? [Number(frame.value.revision)] : [];
    });
  }

  /** The place after the newest frame. */
  get cursor(): string {
    return this.frames.at(-1)?.cursor ?? "";
  }

  /** Waits until all of `words` were told. */
  async until(...words: string[]): Promise<this> {
    await expect.poll(() => this.told).toEqual(expect.arrayContaining(words));
    return this;
  }

  /** Waits for the end that the server makes. */
  async ended(): Promise<this> {
    await this.#reading;
    return this;
  }

  /** Leaves. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }
}

const closingNames = new Map<number, string>(
  Object.entries(ClosingReason).map(([name, value]) => [value, name]),
);
