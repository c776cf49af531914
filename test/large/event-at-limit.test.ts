/** The largest event: stored by every client, read by every client, byte for byte; one byte more is refused. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import {
  type Api,
  clientKinds,
  type EventInit,
  failureOf,
  type Key,
  newEvent,
  newKey,
  overEveryClient,
  present,
  type StoreName,
  useServer,
} from "../api/harness.ts";
import { full } from "../support/full-size.ts";
import { jsonOf } from "./texts.ts";

/** The limit of an event: the bytes of all its texts. */
const eventLimit = 16 * 1024 * 1024;

/** MariaDB's own `max_allowed_packet` is 16 MiB, of which a statement needs some beside the event. */
const limits: Readonly<Record<StoreName, number>> = {
  sqlite: eventLimit,
  mysql: eventLimit,
  mariadb: eventLimit - 64 * 1024,
};

/** An event that weighs so much with what `filled` makes of the bytes that are left. */
function eventOf(bytes: number, filled: (bytes: number) => EventInit): EventInit {
  const fields = { id: "e", invocationId: "i", author: "a", content: "" };
  return newEvent({ ...fields, ...filled(bytes - "eia".length) });
}

function withContent(bytes: number): EventInit {
  return { content: jsonOf(bytes) };
}

const largest: Readonly<Record<string, EventInit>> = {
  "of plain text": eventOf(eventLimit, withContent),
  // In JSON the others are longer than a message may be.
  "of quotes, two bytes for one in JSON": eventOf(eventLimit, (bytes) => ({ content: jsonOf(bytes, '\\"') })),
  "of actions, base64 in JSON": eventOf(eventLimit, (bytes) => ({ actions: Buffer.from(jsonOf(bytes)) })),
  "of control characters, six bytes for one in JSON": eventOf(eventLimit, (bytes) => ({
    errorMessage: "\u0001".repeat(bytes),
  })),
};

/** What can be compared without a report of 16 MiB. */
function digestsOf({
  id,
  content,
  actions,
  errorMessage,
}: Pick<EventInit, "id" | "content" | "actions" | "errorMessage">) {
  return { id, content: digestOf(content), actions: digestOf(actions), errorMessage: digestOf(errorMessage) };
}

function digestOf(data: string | Uint8Array = ""): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A session's events as a page and as a stream have them. */
async function readTwice(api: Api, key: Key): Promise<Event[]> {
  const { events } = await api.listEvents({ key });
  const streamed: Event[] = [];
  for await (const { frame } of api.streamEvents({ key })) {
    if (frame.case === "events") streamed.push(...frame.value.events);
  }
  return [...events, ...streamed];
}

function twice<T>(value: T): T[] {
  return [value, value];
}

overEveryClient((subject) => {
  const limit = limits[subject.store];

  test("the largest event is stored and read", { timeout: 120_000 }, async () => {
    const key = newKey();
    const event = eventOf(limit, withContent);
    await subject.api.appendEvent({ key, event, createSession: true });
    expect((await readTwice(subject.api, key)).map(digestsOf)).toEqual(twice(digestsOf(event)));
    const { session } = await subject.api.getSession({ key });
    expect(session).toMatchObject({ headSeq: 1n, eventBytes: BigInt(limit) });
  });

  test("one byte more is refused, with the limit", { timeout: 60_000 }, async () => {
    const key = newKey();
    const event = eventOf(limit + 1, withContent);
    const failure = await failureOf(subject.api.appendEvent({ key, event, createSession: true }));
    expect(failure).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "TOO_LARGE",
      metadata: { limit_bytes: String(limit) },
    });
    expect(failure.message).toContain(`${limit + 1} bytes; the limit is ${limit}`);
    expect(await failureOf(subject.api.getSession({ key }))).toMatchObject({ reason: "SESSION_NOT_FOUND" });
  });
});

describe("an event of 16 MiB that came over gRPC", () => {
  const subject = useServer("sqlite");

  const longer = Object.entries(largest).slice(1, full ? undefined : 2);
  const kinds = full ? clientKinds : (["connect-web JSON", "curl JSON"] as const);

  test.each(longer)("%s is read in JSON too", { timeout: 120_000 }, async (_, event) => {
    const key = newKey();
    await subject.client("grpc-js").appendEvent({ key, event, createSession: true });
    for (const kind of kinds) {
      expect((await readTwice(subject.client(kind), key)).map(digestsOf), kind).toEqual(
        twice(digestsOf(event)),
      );
    }
  });

  test("is refused in JSON where it is longer than a message may be", { timeout: 60_000 }, async () => {
    const event = present(largest["of quotes, two bytes for one in JSON"]);
    const call = subject
      .client("connect-web JSON")
      .appendEvent({ key: newKey(), event, createSession: true });
    expect(await failureOf(call)).toMatchObject({
      reason: "TOO_LARGE",
      metadata: { limit_bytes: String(17 * 1024 * 1024) },
    });
  });
});
