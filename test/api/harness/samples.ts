/** Requests that are right, to be used as they are or with one thing changed. */
import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { EventSchema } from "../../../gen/ts/sessiond/v1/event_pb.ts";

/** What an event can be made from. */
export type EventInit = Exclude<MessageInitShape<typeof EventSchema>, { $typeName: string }>;

/** A session's key that no other test has. */
export interface Key {
  readonly appName: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** A key of an app of its own. */
export function newKey(parts: Partial<Key> = {}): Key {
  return { appName: `app ${randomUUID()}`, userId: "ana", sessionId: "s1", ...parts };
}

/** The key's app and user. */
export function userOf(key: Key): { appName: string; userId: string } {
  return { appName: key.appName, userId: key.userId };
}

/** The key's app. */
export function appOf(key: Key): { appName: string } {
  return { appName: key.appName };
}

/** A small event with an id of its own. */
export function newEvent(fields: EventInit = {}): EventInit {
  return {
    id: randomUUID(),
    invocationId: "i1",
    author: "user",
    timestamp: 1_760_000_000.25,
    content: '{"role":"user","parts":[{"text":"hello"}]}',
    ...fields,
  };
}

/** So many small events with ids `PREFIX1`, `PREFIX2` and so on. */
export function newEvents(count: number, prefix = "e", fields: EventInit = {}): EventInit[] {
  return Array.from({ length: count }, (_, at) => newEvent({ id: `${prefix}${at + 1}`, ...fields }));
}

/** A field that an answer always has. @throws Error if it is absent */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the answer lacks a field that it always has");
  return value;
}
