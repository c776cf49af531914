/** Histories that come in one answer, and those that come in two parts. */
import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";
import type { Session } from "@google/adk";
import { createEvent } from "@google/adk";
import { Connection } from "../dist/adk/connection.js";
import { newService, newSession, plain, read, stateEvent } from "./support/service.ts";

const service = newService();

async function append(session: Session, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    await service.appendEvent({ session, event: stateEvent({ last: number, [`k${number}`]: true }) });
  }
}

/** Does work that may read nothing by a stream. */
async function withoutStreams(work: () => Promise<void>): Promise<void> {
  const streams = mock.method(Connection.prototype, "history", () =>
    Promise.reject(new Error("a stream was opened")),
  );
  try {
    await work();
  } finally {
    streams.mock.restore();
  }
}

describe("a short history", () => {
  it("comes with its session in one call, all of it or the newest", async () => {
    const session = await newSession(service, { a: 1 });
    await withoutStreams(async () => {
      for (let number = 0; number < 3; number++) {
        assert.deepEqual(plain(await read(service, session)), plain(session));
        await service.appendEvent({ session, event: createEvent({ author: `a${number}` }) });
      }
      for (const [numRecentEvents, events] of [
        [0, []],
        [2, session.events.slice(1)],
        [3, session.events],
        [Number.POSITIVE_INFINITY, session.events],
      ] as const) {
        const found = await read(service, session, { numRecentEvents });
        assert.deepEqual(plain(found.events), plain(events));
      }
      const { appName, userId } = session;
      assert.equal(await service.getSession({ appName, userId, sessionId: "absent" }), undefined);
      // An object that was copied is known by its last event: that is a read, too.
      await service.appendEvent({ session: { ...session }, event: createEvent({ author: "u" }) });
    });
    assert.equal((await read(service, session, { afterTimestamp: 0 })).events.length, 4);
  });

  it("comes by a stream where the first answer has none of it, or does not fit a message", async () => {
    const session = await newSession(service, { large: "x".repeat(100_000) });
    const content = { parts: [{ text: "x".repeat(300_000) }] };
    await service.appendEvent({ session, event: createEvent({ author: "u", content }) });
    await service.appendEvent({ session, event: createEvent({ author: "u" }) });
    assert.deepEqual(plain(await read(service, session)), plain(session));

    const small = await newSession(service, { one: "x".repeat(200_000), two: "y".repeat(200_000) });
    const narrow = newService({ channelOptions: { "grpc.max_receive_message_length": 300_000 } });
    assert.deepEqual(plain(await read(narrow, small)), plain(small));
  });
});

describe("a history in two parts", () => {
  let session: Session;
  beforeEach(async () => {
    session = await newSession(service);
    await append(session, 100);
  });

  /** Does the work once, after the session has come with its first events. */
  function afterFirstPart(work: () => Promise<void>): void {
    const real = Connection.prototype.unary;
    const patched = mock.method(
      Connection.prototype,
      "unary",
      async function (this: Connection, ...call: Parameters<typeof real>) {
        const answer = await real.apply(this, call);
        if (call[0] === "GetSession") {
          patched.mock.restore();
          await work();
        }
        return answer;
      },
    );
  }

  for (const numRecentEvents of [undefined, 70, 200]) {
    it(`has what is appended meanwhile: the newest ${numRecentEvents ?? "of all"}`, async () => {
      const config = numRecentEvents === undefined ? {} : { numRecentEvents };
      const wanted = () => plain(session.events.slice(-(numRecentEvents ?? 0)));
      const whole = await read(service, session, config);
      assert.deepEqual([plain(whole.events), plain(whole.state)], [wanted(), plain(session.state)]);
      afterFirstPart(() => append(session, 3));
      const found = await read(service, session, config);
      assert.equal(session.events.length, 103);
      assert.deepEqual([plain(found.events), plain(found.state)], [wanted(), plain(session.state)]);
      // It is up to date, so that it can be appended to.
      await service.appendEvent({ session: found, event: createEvent({ author: "u" }) });
    });
  }

  it("is read whole where the key has another session by then", async () => {
    const { appName, userId, id: sessionId } = session;
    let other = session;
    afterFirstPart(async () => {
      await service.deleteSession({ appName, userId, sessionId });
      other = await service.createSession({ appName, userId, sessionId });
      await append(other, 70);
    });
    const found = await read(service, session);
    assert.equal(found.events.length, 70);
    assert.deepEqual(plain(found), plain(other));
  });

  it("is none where the session was deleted", async () => {
    const { appName, userId, id: sessionId } = session;
    afterFirstPart(() => service.deleteSession({ appName, userId, sessionId }));
    assert.equal(await service.getSession({ appName, userId, sessionId }), undefined);
  });
});
