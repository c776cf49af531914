/** Live tails over gRPC: history to live, resumes, servers that go away, sessions that do. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { createEvent, type Session } from "@google/adk";
import { ErrorReason, errorReason, type TailUpdate, tail } from "sessiond-client";
import { SessiondError, SessionNotFoundError } from "sessiond-client/adk";
import { connect } from "sessiond-client/grpc";
import { connect as connectWeb } from "sessiond-client/web";
import { TcpProxy } from "./support/proxy.ts";
import { Server } from "./support/server.ts";
import { collect, newApp, newService, newSession, target } from "./support/service.ts";

const service = newService();
const wire = connect(target);
after(() => wire.close());

/** Waits that a test need not sit out. */
const backoff = { initialMs: 20, maxMs: 200 };

const keyOf = ({ appName, userId, id: sessionId }: Session) => ({ appName, userId, sessionId });

async function append(session: Session, ...ids: readonly string[]) {
  for (const id of ids) await service.appendEvent({ session, event: createEvent({ id, author: "u" }) });
}

function idsOf(updates: readonly TailUpdate[]): string[] {
  return updates.flatMap((update) => (update.kind === "events" ? update.events.map(({ id }) => id) : []));
}

/** The updates up to one that is wanted; the tail goes on after it. */
async function until(
  updates: AsyncGenerator<TailUpdate, void, undefined>,
  wanted: (update: TailUpdate) => boolean,
): Promise<TailUpdate[]> {
  const found: TailUpdate[] = [];
  for (;;) {
    const next = await updates.next();
    if (next.done === true) throw new Error(`the tail ended after ${found.map(({ kind }) => kind)}`);
    found.push(next.value);
    if (wanted(next.value)) return found;
  }
}

const caughtUp = ({ kind }: TailUpdate) => kind === "caughtUp";
const waiting = ({ kind }: TailUpdate) => kind === "waiting";
const event = (id: string) => (update: TailUpdate) =>
  update.kind === "events" && update.events.at(-1)?.id === id;

describe("a tail", () => {
  it("gives the history, then what happens", async () => {
    const session = await newSession(service, { k: 1 });
    await append(session, "1", "2");
    const updates = service.tail(keyOf(session));
    const found = await until(updates, caughtUp);
    const [opened] = found;
    assert.ok(opened?.kind === "opened");
    assert.deepEqual([opened.session.headSeq, opened.session.state, opened.resumed], [2n, { k: "1" }, false]);
    assert.deepEqual(idsOf(found), ["1", "2"]);
    await append(session, "3");
    assert.deepEqual(idsOf(await until(updates, event("3"))), ["3"]);
    await wire.client.updateSession({ key: keyOf(session), displayName: "A name" });
    const changed = (await until(updates, ({ kind }) => kind === "changed")).at(-1);
    assert.ok(changed?.kind === "changed");
    assert.deepEqual([changed.change.afterSeq, changed.change.changed?.paths], [3n, ["display_name"]]);
    await updates.return();
  });

  it("begins where it is told", async () => {
    const session = await newSession(service);
    await append(session, "1", "2", "3");
    for (const [place, expected] of [
      [{ afterSeq: 1n }, ["2", "3"]],
      [{ numRecentEvents: 1 }, ["3"]],
      [{ numRecentEvents: 0 }, []],
      [{ afterTimestamp: 4e12 }, []],
      [{ afterTimestamp: 0 }, ["1", "2", "3"]],
    ] as const) {
      const updates = service.tail({ ...keyOf(session), ...place });
      assert.deepEqual(idsOf(await until(updates, caughtUp)), expected);
      await updates.return();
    }
  });

  it("resumes after each of its updates", async () => {
    const session = await newSession(service);
    await append(session, "1", "2", "3");
    const updates = service.tail(keyOf(session));
    const found = await until(updates, caughtUp);
    await append(session, "4");
    found.push(...(await until(updates, event("4"))));
    await updates.return();
    for (const [index, update] of found.entries()) {
      assert.ok(update.kind !== "waiting");
      const rest = service.tail({ ...keyOf(session), cursor: update.cursor });
      const later = await until(rest, caughtUp);
      await rest.return();
      assert.ok(later[0]?.kind === "opened" && later[0].resumed);
      assert.deepEqual([...idsOf(found.slice(0, index + 1)), ...idsOf(later)], ["1", "2", "3", "4"]);
    }
  });

  it("goes on when the server is killed, and when it goes down in good order", async () => {
    const own = await Server.start();
    const there = newService({ deadlineMs: 60_000 }, own.target);
    try {
      const session = await newSession(there);
      const put = (id: string) => there.appendEvent({ session, event: createEvent({ id, author: "u" }) });
      await put("1");
      const updates = there.tail({ ...keyOf(session), backoff });
      const found = await until(updates, caughtUp);
      await own.kill();
      found.push(...(await until(updates, waiting)));
      await own.start();
      await put("2");
      found.push(...(await until(updates, event("2"))));
      const down = own.terminate();
      found.push(...(await until(updates, waiting)));
      await down;
      await own.start();
      await put("3");
      found.push(...(await until(updates, event("3"))));
      assert.deepEqual(idsOf(found), ["1", "2", "3"]);
      await updates.return();
    } finally {
      await there.close();
      await own.stop();
    }
  });

  it("goes on over cuts at any moment", async () => {
    const proxy = await TcpProxy.start(target);
    const through = newService({}, proxy.target);
    const session = await newSession(service);
    const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
    const writing = (async () => {
      for (const [index, id] of ids.entries()) {
        await append(session, id);
        if (index % 5 === 4) proxy.cut();
      }
    })();
    const updates = through.tail({ ...keyOf(session), backoff });
    const found = await until(updates, event("e39"));
    await writing;
    assert.deepEqual(idsOf(found), ids);
    await updates.return();
    await through.close();
    await proxy.stop();
  });

  it("takes a connection for lost that falls silent", async () => {
    const proxy = await TcpProxy.start(target);
    const through = newService({}, proxy.target);
    const session = await newSession(service);
    const updates = through.tail({ ...keyOf(session), heartbeatMs: 1_000, backoff });
    await until(updates, caughtUp);
    void proxy.loseAnswers();
    await append(session, "1");
    const lost = (await until(updates, waiting)).at(-1);
    assert.ok(lost?.kind === "waiting");
    assert.match(lost.error?.message ?? "", /nothing came for 2500 ms, not even a heartbeat/);
    proxy.cut();
    assert.deepEqual(idsOf(await until(updates, event("1"))), ["1"]);
    await updates.return();
    await through.close();
    await proxy.stop();
  });

  it("ends where the session is deleted, or made again", async () => {
    for (const again of [false, true]) {
      const session = await newSession(service);
      const updates = service.tail({ ...keyOf(session), backoff });
      const found = await until(updates, caughtUp);
      const last = found.at(-1);
      await service.deleteSession(keyOf(session));
      if (again) {
        await service.createSession(keyOf(session));
        assert.ok(last?.kind === "caughtUp");
        await updates.return();
        const resumed = service.tail({ ...keyOf(session), cursor: last.cursor });
        await assert.rejects(collect(resumed), (error) => {
          assert.ok(error instanceof SessiondError);
          assert.equal(error.reason, "SESSION_RECREATED");
          return true;
        });
      } else {
        const rest = await collect(updates);
        assert.deepEqual(rest.at(-1)?.kind, "ended");
        assert.ok(rest.at(-1)?.kind === "ended" && (rest.at(-1) as { reason: string }).reason === "deleted");
      }
    }
  });

  it("throws what no reconnect would change, each entry in its way", async () => {
    const key = { appName: newApp(), userId: "u", sessionId: "none" };
    await assert.rejects(collect(service.tail(key)), SessionNotFoundError);
    for (const client of [wire.client, connectWeb(process.env["SESSIOND_TEST_URL"] ?? "")]) {
      await assert.rejects(
        collect(tail(client, { key })),
        (error) => errorReason(error) === ErrorReason.SESSION_NOT_FOUND,
      );
    }
    await assert.rejects(collect(service.tail({ ...key, cursor: "broken" })), { reason: "INVALID_CURSOR" });
  });

  it("ends at the abort of its signal, and at the close of the service", async () => {
    const session = await newSession(service);
    const stop = new AbortController();
    const updates = service.tail({ ...keyOf(session), signal: stop.signal });
    await until(updates, caughtUp);
    stop.abort();
    assert.deepEqual(await collect(updates), []);

    const nobody = await Server.prepare();
    for (const [to, wanted] of [
      [target, caughtUp],
      [nobody.target, waiting],
    ] as const) {
      const closing = newService({}, to);
      const others = closing.tail({ ...keyOf(session), backoff: { initialMs: 600_000, maxMs: 600_000 } });
      await until(others, wanted);
      const next = others.next();
      await closing.close();
      await assert.rejects(next, { name: "SessiondError", message: "The service was closed." });
    }
    await nobody.stop();
  });
});
