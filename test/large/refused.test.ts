/** Requests of 64 MiB: refused by the limit's name over both doors, at no cost to others or to the server's memory. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  clientKinds,
  failureOf,
  type Key,
  loadHistory,
  newEvent,
  newKey,
  userOf,
  useServer,
} from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { peakGrowth } from "./peak-memory.ts";
import { report } from "./sizes.ts";
import { jsonOf } from "./texts.ts";

const MiB = 1024 * 1024;
const content = jsonOf(64 * MiB);

/** The limit of a message, which a request of this size meets before anybody looks at the event in it. */
const messageLimit = 17 * MiB;

const refused = {
  code: "RESOURCE_EXHAUSTED",
  reason: "TOO_LARGE",
  metadata: { limit_bytes: String(messageLimit) },
  message: `The message is larger than this server's limit: ${messageLimit} bytes.`,
};

describe("a request of 64 MiB", () => {
  const subject = useServer("sqlite");
  const events = 3_000;
  let history: Key;
  beforeAll(async () => {
    history = await loadHistory(subject.client("grpc-js"), events, { content: jsonOf(1_000) });
  }, serverTimeout);

  test.each(clientKinds)(
    "is refused to %s, and what else runs goes on",
    { timeout: 60_000 },
    async (kind) => {
      const api = subject.client(kind);
      // Over gRPC on the same connection; most of it has not been sent yet, since nobody reads on.
      const frames = api.streamEvents({ key: history })[Symbol.asyncIterator]();
      await frames.next();
      const key = newKey();
      const grown = await peakGrowth(subject.server, async () => {
        const call = api.appendEvent({ key, event: newEvent({ content }), createSession: true });
        const others = Array.from({ length: 5 }, () => api.getSession({ key: history }));
        expect(await failureOf(call)).toMatchObject(refused);
        for (const { session } of await Promise.all(others)) expect(session?.headSeq).toBe(BigInt(events));
      });
      report(`64 MiB from ${kind}`, { "server's memory grew by (MiB)": Math.round(grown / MiB) });
      // It is known by its first bytes or by its headers.
      expect(grown).toBeLessThan(64 * MiB);
      let seen = 0;
      for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
        if (next.value.frame.case === "events") seen += next.value.frame.value.events.length;
      }
      expect(seen).toBe(events);
      expect((await api.listSessions({ key: userOf(key) })).sessions).toEqual([]);
      await api.appendEvent({ key, event: newEvent(), createSession: true });
    },
  );

  test("of a length that nobody was told is read up to the limit", { timeout: 60_000 }, async () => {
    const chunk = new Uint8Array(MiB).fill(0x20);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.byteLength;
        controller.enqueue(chunk);
        if (sent === 64 * MiB) controller.close();
      },
    });
    const grown = await peakGrowth(subject.server, async () => {
      const response = await fetch(`${subject.server.httpUrl}/sessiond.v1.SessionService/GetSession`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: endless,
        duplex: "half",
      } as RequestInit);
      expect(response.status).toBe(429);
      expect(await response.json()).toMatchObject({ code: "resource_exhausted", message: refused.message });
    });
    report("64 MiB in chunks", { "server's memory grew by (MiB)": Math.round(grown / MiB) });
    expect(grown).toBeLessThan(4 * messageLimit);
  });
});
