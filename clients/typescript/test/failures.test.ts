/** Servers that go away, are slow or full, and answers that get lost. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { createEvent } from "@google/adk";
import {
  DeadlineError,
  type Options,
  SessiondError,
  SessiondSessionService,
  UnavailableError,
} from "sessiond-client/adk";
import { TcpProxy } from "./support/proxy.ts";
import { Server } from "./support/server.ts";
import { newApp, newService, newSession, plain, read, stateEvent, target } from "./support/service.ts";

const service = newService();

/** Makes a read go by a stream, as a history does that is not short. */
const streamed = { afterTimestamp: 0 };

/** A service behind a proxy to the shared server, both of which are closed after the test. */
async function proxied(
  options: Options,
  work: (service: SessiondSessionService, proxy: TcpProxy) => Promise<void>,
) {
  const proxy = await TcpProxy.start(target);
  const through = new SessiondSessionService(proxy.target, options);
  try {
    await work(through, proxy);
  } finally {
    await through.close();
    await proxy.stop();
  }
}

describe("a server that is killed", () => {
  let own: Server;
  before(async () => {
    own = await Server.start();
  });
  after(() => own.stop());

  it("leaves the objects of a failed append alone, and they work on with its successor", async () => {
    const impatient = newService({ deadlineMs: 3_000 }, own.target);
    const session = await newSession(impatient, { k: 0 });
    const { appName, userId, id: sessionId } = session;
    await impatient.appendEvent({ session, event: createEvent({ id: "1", author: "u" }) });
    await own.kill();
    const event = stateEvent({ "temp:a": 1, k: 2 }, { id: "" });
    const same = [plain(event), plain(session)];
    await assert.rejects(impatient.appendEvent({ session, event }), (error) => {
      assert.ok(error instanceof UnavailableError);
      assert.match(error.message, new RegExp(own.target), "says whom it could not reach");
      return true;
    });
    assert.deepEqual([plain(event), plain(session)], same);
    const ends = await Promise.allSettled([
      impatient.getSession({ appName, userId, sessionId }),
      impatient.listSessions({ appName }),
      impatient.deleteSession({ appName, userId, sessionId }),
      impatient.getUserState({ appName, userId }),
      impatient.createSession({ appName, userId }),
    ]);
    for (const end of ends) {
      assert.ok(end.status === "rejected");
      assert.ok(end.reason instanceof UnavailableError, String(end.reason));
    }
    await own.start();
    const patient = newService({ deadlineMs: 60_000 }, own.target);
    await patient.appendEvent({ session, event });
    assert.deepEqual(plain(await read(patient, session)), plain(session));
  });

  it("is not noticed where the deadline lasts", async () => {
    const patient = newService({ deadlineMs: 60_000 }, own.target);
    const session = await newSession(patient);
    await own.kill();
    const append = patient.appendEvent({ session, event: createEvent({ author: "u" }) });
    await own.start();
    await append;
    assert.deepEqual(plain(await read(patient, session)), plain(session));
  });

  it("between its commit and its answer has stored the event, once", async () => {
    const proxy = await TcpProxy.start(own.target);
    const patient = newService({ deadlineMs: 60_000 }, proxy.target);
    const session = await newSession(patient);
    const lost = proxy.loseAnswers();
    const append = patient.appendEvent({ session, event: stateEvent({ n: 1 }, { id: "1" }) });
    await lost;
    await own.kill();
    await own.start();
    proxy.cut();
    await append;
    await patient.appendEvent({ session, event: createEvent({ id: "2", author: "u" }) });
    const found = await read(patient, session);
    assert.deepEqual(plain(found), plain(session));
    assert.deepEqual(
      found.events.map(({ id }) => id),
      ["1", "2"],
    );
    await patient.close();
    await proxy.stop();
  });
});

describe("a server that is not there", () => {
  it("is waited for until the deadline", async () => {
    const nobody = await Server.prepare();
    const impatient = newService({}, `sessiond://${nobody.target}?deadline=3`);
    await assert.rejects(impatient.createSession({ appName: "a", userId: "u" }), UnavailableError);
    await nobody.stop();
  });

  it("may come later", async () => {
    const late = await Server.prepare();
    try {
      const patient = newService({ deadlineMs: 60_000 }, late.target);
      const creating = newSession(patient);
      await late.start();
      const session = await creating;
      assert.deepEqual(await read(patient, session), session);
    } finally {
      await late.stop();
    }
  });
});

describe("an answer that is lost", () => {
  it("of an append is asked for again", () =>
    proxied({ deadlineMs: 60_000 }, async (through, proxy) => {
      const session = await newSession(through);
      const lost = proxy.loseAnswers();
      const append = through.appendEvent({ session, event: stateEvent({ n: 1 }, { id: "1" }) });
      await lost;
      proxy.cut();
      await append;
      await through.appendEvent({ session, event: createEvent({ id: "2", author: "u" }) });
      const found = await read(service, session);
      assert.deepEqual(plain(found), plain(session));
      assert.equal(found.events.length, 2);
    }));

  it("of a create too", () =>
    proxied({ deadlineMs: 60_000 }, async (through, proxy) => {
      const appName = newApp();
      await through.listSessions({ appName });
      const lost = proxy.loseAnswers();
      const create = through.createSession({ appName, userId: "u", sessionId: "s", state: { k: 1 } });
      await lost;
      proxy.cut();
      const session = await create;
      assert.deepEqual(session.state, { k: 1 });
      assert.equal((await service.listSessions({ appName })).totalItems, 1);
      await through.appendEvent({ session, event: createEvent({ author: "u" }) });
    }));

  it("where the connection swallows everything without breaking, too", () =>
    proxied({ deadlineMs: 4_000 }, async (through, proxy) => {
      const session = await newSession(through);
      const lost = proxy.loseAnswers();
      const event = createEvent({ id: "1", author: "u" });
      const append = through.appendEvent({ session, event });
      await lost;
      // A firewall that forgot the connection: the first try has to give up by itself.
      await assert.rejects(append, DeadlineError);
      assert.deepEqual(session.events, []);
      proxy.cut();
      await newService({ deadlineMs: 60_000 }).appendEvent({ session, event });
      assert.deepEqual(
        (await read(service, session)).events.map(({ id }) => id),
        ["1"],
      );
    }));

  it("in the middle of a history: that is read again", () =>
    proxied({}, async (through, proxy) => {
      const session = await newSession(through);
      await through.appendEvent({ session, event: createEvent({ author: "u" }) });
      const lost = proxy.loseAnswers();
      const reading = read(through, session, streamed);
      await lost;
      proxy.cut();
      assert.deepEqual(plain(await reading), plain(session));
    }));
});

describe("a slow server", () => {
  it("ends a call at its deadline, and the error says whom it waited for", () =>
    proxied({ deadlineMs: 400 }, async (through, proxy) => {
      await newService({}, proxy.target).listSessions({ appName: newApp() });
      void proxy.loseAnswers();
      await assert.rejects(through.createSession({ appName: newApp(), userId: "u" }), (error) => {
        assert.ok(error instanceof DeadlineError);
        assert.match(
          error.message,
          new RegExp(`^CreateSession: no answer from ${proxy.target} within 0.4 seconds`),
        );
        return true;
      });
    }));

  it("ends a history that stands still", () =>
    proxied({ streamIdleMs: 300 }, async (through, proxy) => {
      const session = await newSession(through);
      void proxy.loseAnswers();
      await assert.rejects(read(through, session, streamed), {
        name: "DeadlineError",
        message: /stood still for 0.3 seconds/,
      });
    }));

  it("may take its time for a history that moves", () =>
    proxied({ streamIdleMs: 2_500, deadlineMs: 1_000 }, async (through, proxy) => {
      const session = await newSession(service);
      const content = { parts: [{ text: "x".repeat(2 ** 20) }] };
      for (let index = 0; index < 8; index++) {
        await service.appendEvent({ session, event: createEvent({ author: "u", content }) });
      }
      // 16 pieces make an event: it comes about every 0.4 s, and all of it takes longer than it may stand still.
      proxy.slowDown(25);
      const start = performance.now();
      assert.equal((await read(through, session)).events.length, 8);
      assert.ok(performance.now() - start > 2_500, "so slow that it shows something");
    }));
});

describe("a database that is full", () => {
  it("takes no append, changes nothing, and is read on", async () => {
    const full = await Server.onSmallDisk(4);
    try {
      const through = newService({ deadlineMs: 60_000 }, full.target);
      const session = await newSession(through);
      const content = { parts: [{ text: "x".repeat(200_000) }] };
      let failure: unknown;
      for (let round = 0; round < 40 && failure === undefined; round++) {
        const event = stateEvent({ "temp:t": 1 }, { content });
        const before = [plain(event), plain(session)];
        failure = await through.appendEvent({ session, event }).then(
          () => undefined,
          (error) => error,
        );
        if (failure !== undefined) assert.deepEqual([plain(event), plain(session)], before);
      }
      assert.ok(failure instanceof SessiondError, String(failure));
      assert.deepEqual([failure.code, failure.reason], [Code.ResourceExhausted, "STORE_FULL"]);
      const { events } = await read(through, session);
      assert.deepEqual(plain(events), plain(session.events));
    } finally {
      await full.stop();
    }
  });
});

describe("a full server", () => {
  let small: Server;
  before(async () => {
    small = await Server.start("--max-concurrent-streams", "1", "--max-concurrent-calls", "1");
  });
  after(() => small.stop());

  it("says so to whoever it has no room for, and is asked again", async () => {
    const through = newService({ deadlineMs: 60_000 }, small.target);
    const session = await newSession(through);
    const { appName, userId, id: sessionId } = session;
    // Its one stream.
    const tail = through.tail({ appName, userId, sessionId });
    await tail.next();
    await assert.rejects(read(through, session, streamed), (error) => {
      assert.ok(error instanceof SessiondError);
      assert.deepEqual([error.code, error.reason], [Code.ResourceExhausted, "SERVER_BUSY"]);
      assert.ok((error.retryDelayMs ?? 0) > 0);
      return true;
    });
    const reading = read(through, session, streamed);
    await tail.return();
    assert.deepEqual(await reading, session);
  });

  it("stores all that are patient", async () => {
    const patient = newService({ deadlineMs: 60_000 }, small.target);
    const appName = newApp();
    const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
    await Promise.all(ids.map((sessionId) => patient.createSession({ appName, userId: "u", sessionId })));
    assert.equal((await patient.listSessions({ appName })).totalItems, 20);
  });
});

describe("a connection with as many streams as it may have", () => {
  it("holds up nothing but tails", async () => {
    const narrow = await Server.start("--max-streams-per-connection", "1");
    const through = newService({ deadlineMs: 60_000, streamIdleMs: 20_000 }, narrow.target);
    const session = await newSession(through);
    const { appName, userId, id: sessionId } = session;
    const tail = through.tail({ appName, userId, sessionId });
    await tail.next();
    assert.deepEqual(await read(through, session), session);
    assert.deepEqual(await read(through, session, streamed), session);
    await tail.return();
    await through.close();
    await narrow.stop();
  });
});

describe("a connection", () => {
  it("to something that is no server fails as unavailable", async () => {
    const mute = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    mute.listen(0, "127.0.0.1");
    await once(mute, "listening");
    const address = mute.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const lost = newService({ deadlineMs: 1_000 }, `127.0.0.1:${port}`);
    await assert.rejects(lost.createSession({ appName: "a", userId: "u" }), SessiondError);
    mute.close();
  });

  it("that was closed ends what runs, and the next call opens another", () =>
    proxied({}, async (through, proxy) => {
      const session = await newSession(through);
      void proxy.loseAnswers();
      const reading = [read(through, session), read(through, session, streamed)];
      await new Promise(setImmediate);
      await through.close();
      for (const each of reading) await assert.rejects(each, SessiondError);
      proxy.cut();
      assert.deepEqual(await read(through, session), session);
    }));

  it("sends metadata with every call, as it is at the time", async () => {
    let calls = 0;
    const metadata = async () => {
      calls += 1;
      return { authorization: `Bearer ${calls}`, "trace-bin": new Uint8Array([1, 2]) };
    };
    const marked = newService({ metadata });
    const session = await newSession(marked);
    await marked.appendEvent({ session, event: createEvent({ author: "u" }) });
    await read(marked, session);
    assert.equal(calls, 3, "one call each");
    const failing = newService({ metadata: () => Promise.reject(new Error("no token")) });
    await assert.rejects(newSession(failing), /no token/);
  });

  it("does not wait for metadata that does not come, and has room afterwards", async () => {
    let comes = false;
    const metadata = () => (comes ? Promise.resolve({}) : new Promise<never>(() => {}));
    const waiting = newService({ metadata, deadlineMs: 2_000, streamIdleMs: 300 });
    const creates = Array.from({ length: 150 }, () => newSession(waiting));
    for (const create of await Promise.allSettled(creates)) {
      assert.ok(create.status === "rejected" && create.reason instanceof DeadlineError);
    }
    const key = { appName: newApp(), userId: "u", sessionId: "s" };
    await assert.rejects(waiting.getSession({ ...key, config: streamed }), /stood still/);
    const patient = newService({ metadata, deadlineMs: 600_000 });
    const create = newSession(patient);
    await new Promise(setImmediate);
    await patient.close();
    await assert.rejects(create, { code: Code.Canceled });
    comes = true;
    await newSession(patient);
    await newSession(waiting);
  });

  it("is made for unary calls, for histories that are streamed and for tails apart", () =>
    proxied({}, async (through, proxy) => {
      const session = await newSession(through);
      assert.equal(proxy.connections, 1);
      await read(through, session);
      assert.equal(proxy.connections, 1, "a short history is a unary call");
      await read(through, session, streamed);
      assert.equal(proxy.connections, 2);
      const { appName, userId, id: sessionId } = session;
      const tail = through.tail({ appName, userId, sessionId });
      await tail.next();
      assert.equal(proxy.connections, 3);
      await tail.return();
    }));
});
