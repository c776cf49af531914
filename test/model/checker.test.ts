/** The checker itself: it takes histories of a store that is right, and finds what is done to them. */
import { clone, create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Event, EventSchema } from "../../gen/ts/sessiond/v1/event_pb.ts";
import {
  BatchAppendEventsRequestSchema,
  CreateSessionRequestSchema,
  DeleteSessionRequestSchema,
  ListSessionsRequestSchema,
  UpdateSessionRequestSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { Random } from "../store/random.ts";
import type { Answers, Attempt, Call } from "./calls.ts";
import { violationsOf } from "./checker/index.ts";
import { finalReads, Generator } from "./generate.ts";
import { ReferenceStore } from "./reference.ts";

const seeds = Array.from({ length: 30 }, (_, at) => at + 1);

/** A history of the reference store, to be changed at will. */
function historyOf(seed: number): Attempt[] {
  const made = histories.get(seed) ?? makeHistory(seed);
  histories.set(seed, made);
  return [...made];
}

const histories = new Map<number, readonly Attempt[]>();

/** Three clients that take turns, then the final reads. */
function makeHistory(seed: number): Attempt[] {
  const random = new Random(seed);
  const store = new ReferenceStore();
  const clients = ["a", "b", "c"].map((name) => new Generator(random, "app", name));
  const attempts: Attempt[] = [];
  const run = (client: number, call: Call) => {
    const tick = attempts.length * 2;
    const attempt = { client, call, start: tick, end: tick + 1, outcome: store.run(call) };
    attempts.push(attempt);
    clients[client]?.learn(attempt);
  };
  for (let turn = 0; turn < 150; turn++) {
    const client = random.below(clients.length);
    run(client, (clients[client] as Generator).next());
  }
  for (const call of finalReads("app")) run(0, call);
  return attempts;
}

describe.each(seeds)("seed %i", (seed) => {
  test("the history of a right store has no violation", () => {
    expect(violationsOf({ attempts: historyOf(seed), faults: false })).toEqual([]);
  });
});

/** A change of one answer; undefined where it cannot be made there. */
type Damage = (attempt: Attempt) => Answers[keyof Answers] | undefined;

const ofEvents =
  (damage: (events: Event[]) => Event[] | undefined): Damage =>
  ({ call, outcome }) => {
    if (!outcome.ok || call.kind !== "listEvents") return undefined;
    const walk = outcome.answer as Answers["listEvents"];
    const events = damage([...walk.events]);
    return events && { ...walk, events };
  };

const altered = (event: Event, fields: Partial<Event>): Event => ({
  ...clone(EventSchema, event),
  ...fields,
});

const damages: Record<string, Damage> = {
  "a dropped event": ofEvents((events) => (events.length > 1 ? events.toSpliced(1, 1) : undefined)),
  "a dropped last event": ofEvents((events) => (events.length > 0 ? events.slice(0, -1) : undefined)),
  "a doubled event": ofEvents((events) => {
    const [first] = events;
    return first && [first, ...events];
  }),
  "an event stored twice": ofEvents((events) => {
    const [newest] = events;
    if (newest === undefined) return undefined;
    return [altered(newest, { seq: newest.seq + 1n, revision: newest.revision + 1n }), ...events];
  }),
  "reordered events": ofEvents((events) => {
    const [first, second] = events;
    if (first === undefined || second === undefined) return undefined;
    return [
      altered(second, { seq: first.seq, revision: first.revision }),
      altered(first, { seq: second.seq, revision: second.revision }),
      ...events.slice(2),
    ];
  }),
  "an altered payload": ofEvents(
    ([first, ...rest]) =>
      first && [altered(first, { content: first.content.replace('{"parts"', '{ "parts"') }), ...rest],
  ),
  "an altered time": ofEvents(
    ([first, ...rest]) => first && [altered(first, { timestamp: first.timestamp === 7 ? 8 : 7 }), ...rest],
  ),
  "a lost key of the session": ofState((key) => !/^(user|app):/.test(key)),
  "a lost key of the user": ofState((key) => key.startsWith("user:")),
  "a lost key of the app": ofState((key) => key.startsWith("app:")),
  "an old value of the app": ({ call, outcome }) => {
    if (!outcome.ok || call.kind !== "getShared" || call.scope !== "app") return undefined;
    const answer = outcome.answer as Answers["getShared"];
    return Object.keys(answer).length > 0 ? { ...answer, x: '["a.1", 1]' } : undefined;
  },
  "a key of the app that nobody wrote": ({ call, outcome }) => {
    if (!outcome.ok || call.kind !== "getShared" || call.scope !== "app") return undefined;
    return { ...(outcome.answer as Answers["getShared"]), unheard: "1" };
  },
  "a revision that goes back": ofSession((session) => ({ ...session, revision: session.revision - 1n })),
  "a wrong owner": ofSession((session) => ({ ...session, ownerId: `${session.ownerId}!` })),
  "a session that nobody made": ofSession((session) => ({ ...session, uid: `${session.uid}!` })),
  "another answer to a retry": ({ call, outcome }) => {
    if (!outcome.ok || call.kind !== "append") return undefined;
    const answer = outcome.answer as Answers["append"];
    const events = answer.events.map((event) => ({ ...event, revision: event.revision + 1n }));
    return { ...answer, events };
  },
};

function ofState(which: (key: string) => boolean): Damage {
  return ({ call, outcome }) => {
    if (!outcome.ok || call.kind !== "get" || call.request.asOfSeq !== undefined) return undefined;
    const session = outcome.answer as Answers["get"];
    const lost = Object.keys(session.state).find(which);
    if (lost === undefined) return undefined;
    const { [lost]: _, ...state } = session.state;
    return { ...session, state };
  };
}

function ofSession(damage: (session: Answers["get"]) => Answers["get"]): Damage {
  return ({ call, outcome }) => {
    if (!outcome.ok || call.kind !== "get" || call.request.asOfSeq !== undefined) return undefined;
    return damage(outcome.answer as Answers["get"]);
  };
}

describe.each(Object.entries(damages))("%s", (_, damage) => {
  test("is found", () => {
    let made = 0;
    for (const seed of seeds) {
      const attempts = historyOf(seed);
      // The last place where it can be done, among the final reads where those have it.
      const at = attempts.findLastIndex((attempt) => damage(attempt) !== undefined);
      const attempt = attempts[at];
      const answer = attempt && damage(attempt);
      if (attempt === undefined || answer === undefined) continue;
      made++;
      attempts[at] = { ...attempt, outcome: { ok: true, answer } };
      expect(violationsOf({ attempts, faults: false }), `seed ${seed}`).not.toEqual([]);
    }
    expect(made).toBeGreaterThan(5);
  });
});

test("an acknowledged append that is gone at the end is found", () => {
  for (const seed of seeds) {
    const attempts = historyOf(seed);
    const append = attempts.find(({ call, outcome }) => {
      if (call.kind !== "append" || !outcome.ok) return false;
      const { uid } = outcome.answer as Answers["append"];
      return attempts.some((final) => {
        if (final.call.kind !== "get" || final.client !== 0 || !final.outcome.ok) return false;
        return final.start > 300 && (final.outcome.answer as Answers["get"]).uid === uid;
      });
    });
    if (append === undefined) continue;
    // The answer stays, and what landed is taken for another client's.
    const answer = append.outcome.ok ? (append.outcome.answer as Answers["append"]) : undefined;
    const events = answer?.events.map((event) => ({ ...event, seq: event.seq + 1_000n })) ?? [];
    const changed = attempts.map((attempt) =>
      attempt === append
        ? { ...attempt, outcome: { ok: true as const, answer: { uid: answer?.uid ?? "", events } } }
        : attempt,
    );
    expect(violationsOf({ attempts: changed, faults: false }), `seed ${seed}`).not.toEqual([]);
  }
});

describe("under faults", () => {
  /** A read that failed first; the rest is as it was. */
  const withFailure = (code: string, retryMs: number | undefined): Attempt[] => {
    const attempts = historyOf(1);
    const { client, call, start } = attempts.find(({ call }) => call.kind === "get") as Attempt;
    const outcome = { ok: false, code, reason: "SERVER_BUSY", facts: {}, retryMs, message: "" } as const;
    return [...attempts, { client, call, start: start - 0.5, end: start - 0.25, outcome }];
  };

  test("a refusal must have its code and say when to retry", () => {
    const violations = (code: string, retryMs: number | undefined, faults = true) =>
      violationsOf({ attempts: withFailure(code, retryMs), faults }).length;
    expect(violations("RESOURCE_EXHAUSTED", 500)).toBe(0);
    expect(violations("RESOURCE_EXHAUSTED", undefined)).toBe(1);
    expect(violations("UNAVAILABLE", 500)).toBe(1);
    expect(violations("RESOURCE_EXHAUSTED", 500, false)).toBe(1);
  });

  test("a server may have sent an append again that had made a session, which was deleted meanwhile", () => {
    const key = { appName: "app", userId: "ana", sessionId: "s" };
    const append: Call = {
      kind: "append",
      single: true,
      request: create(BatchAppendEventsRequestSchema, {
        key,
        events: [{ id: "1", content: "{}" }],
        createSession: true,
        ownerId: "maker 1",
      }),
    };
    const remove: Call = { kind: "delete", request: create(DeleteSessionRequestSchema, { key }) };
    const store = new ReferenceStore();
    store.run(append);
    const attempts: Attempt[] = [
      { client: 0, call: remove, start: 1, end: 2, outcome: store.run(remove) },
      { client: 1, call: append, start: 0, end: 3, outcome: store.run(append) },
      ...finalReads("app").map((call, at) => ({
        client: 2,
        call,
        start: 4 + 2 * at,
        end: 5 + 2 * at,
        outcome: store.run(call),
      })),
    ];
    expect(violationsOf({ attempts, faults: true })).toEqual([]);
    expect(violationsOf({ attempts, faults: false })).not.toEqual([]);
  });
});

test("under faults a change may have been answered by its mark, without the state of a session that was deleted meanwhile", () => {
  const key = { appName: "app", userId: "ana", sessionId: "s" };
  const calls: Call[] = [
    { kind: "create", request: create(CreateSessionRequestSchema, { key, requestId: "made" }) },
    {
      kind: "update",
      request: create(UpdateSessionRequestSchema, {
        key,
        updateMask: { paths: ["state_delta"] },
        stateDelta: { own: '["of the change", 1]' },
        requestId: "changed",
      }),
    },
    { kind: "delete", request: create(DeleteSessionRequestSchema, { key }) },
  ];
  const attemptsWith = (state: Readonly<Record<string, string>>, lasts: number) => {
    const store = new ReferenceStore();
    return [...calls, ...finalReads("app")].map((call, at): Attempt => {
      const told = store.run(call);
      if (call.kind !== "update" || !told.ok)
        return { client: at, call, start: 2 * at, end: 2 * at + 1, outcome: told };
      const answer = { ...(told.answer as Answers["update"]), state };
      return { client: at, call, start: 2 * at, end: 2 * at + lasts, outcome: { ok: true, answer } };
    });
  };
  const emptied = attemptsWith({}, 3.5);
  expect(violationsOf({ attempts: emptied, faults: true })).toEqual([]);
  expect(violationsOf({ attempts: emptied, faults: false })).not.toEqual([]);
  expect(violationsOf({ attempts: attemptsWith({}, 1), faults: true })).not.toEqual([]);
  const other = attemptsWith({ own: '["of nobody", 1]' }, 3.5);
  expect(violationsOf({ attempts: other, faults: true })).not.toEqual([]);
});

test("under faults an append that was refused may have been in a session that was deleted", () => {
  const key = { appName: "app", userId: "ana", sessionId: "s" };
  const stateDelta = { "app:x": '["of the append", 1]' };
  const calls: Call[] = [
    { kind: "create", request: create(CreateSessionRequestSchema, { key, requestId: "made" }) },
    {
      kind: "append",
      single: true,
      request: create(BatchAppendEventsRequestSchema, {
        key,
        events: [{ id: "1", content: "{}", stateDelta }],
      }),
    },
    { kind: "delete", request: create(DeleteSessionRequestSchema, { key }) },
  ];
  const store = new ReferenceStore();
  const attempts = [...calls, ...finalReads("app")].map((call, at): Attempt => {
    const told = store.run(call);
    const refused = { ok: false, code: "NOT_FOUND", reason: "SESSION_NOT_FOUND" } as const;
    const outcome =
      call.kind === "append" ? { ...refused, facts: {}, retryMs: undefined, message: "" } : told;
    // The append lasts until the delete is over.
    const end = call.kind === "append" ? 2 * at + 3.5 : 2 * at + 1;
    return { client: at, call, start: 2 * at, end, outcome };
  });
  expect(violationsOf({ attempts, faults: true })).toEqual([]);
  expect(violationsOf({ attempts, faults: false })).not.toEqual([]);
});

test("an append that was given up may land while a list is walked, and nobody be told", () => {
  const key = { appName: "app", userId: "ana", sessionId: "s" };
  const made: Call = {
    kind: "create",
    request: create(CreateSessionRequestSchema, { key, requestId: "made" }),
  };
  const append: Call = {
    kind: "append",
    single: true,
    request: create(BatchAppendEventsRequestSchema, { key, events: [{ id: "1", content: "{}" }] }),
  };
  const list: Call = {
    kind: "listSessions",
    request: create(ListSessionsRequestSchema, { key: { appName: "app" } }),
  };
  const store = new ReferenceStore();
  const lost = {
    ok: false,
    code: "CANCELLED",
    reason: "",
    facts: {},
    retryMs: undefined,
    message: "",
  } as const;
  const history = (given: readonly Attempt[]): Attempt[] => [
    { client: 0, call: made, start: 0, end: 1, outcome: store.run(made) },
    ...given,
    { client: 0, call: list, start: 4, end: 5, outcome: { ok: true, answer: [] } },
    ...finalReads("app").map((call, at) => ({
      client: 0,
      call,
      start: 6 + 2 * at,
      end: 7 + 2 * at,
      outcome: store.run(call),
    })),
  ];
  const givenUp = [{ client: 0, call: append, start: 2, end: 3, outcome: lost }];
  expect(violationsOf({ attempts: history(givenUp), faults: false })).toEqual([]);
  expect(violationsOf({ attempts: history([]), faults: false })).not.toEqual([]);
});

describe("a write that was given up", () => {
  const key = { appName: "app", userId: "ana", sessionId: "s" };
  const failed = (code: string, reason: string, facts: Readonly<Record<string, string>> = {}) =>
    ({ ok: false, code, reason, facts, retryMs: undefined, message: "" }) as const;
  const lost = failed("CANCELLED", "");
  /** Calls one after another, then the final reads. */
  const historyOf = (store: ReferenceStore, made: readonly { call: Call; outcome: Attempt["outcome"] }[]) =>
    [...made, ...finalReads("app").map((call) => ({ call, outcome: store.run(call) }))].map(
      (each, at): Attempt => ({ ...each, client: 0, start: 2 * at, end: 2 * at + 1 }),
    );

  test("may take effect after its own retry was refused", () => {
    const other = { ...key, sessionId: "S" };
    const store = new ReferenceStore();
    const run = (call: Call) => ({ call, outcome: store.run(call) });
    const makes = (requestId: string, of: typeof key, state: Record<string, string>): Call => ({
      kind: "create",
      request: create(CreateSessionRequestSchema, { key: of, requestId, state }),
    });
    const removes: Call = {
      kind: "update",
      request: create(UpdateSessionRequestSchema, {
        key: other,
        requestId: "removes",
        updateMask: { paths: ["state_delta"] },
        removedStateKeys: ["app:x"],
      }),
    };
    const deletes: Call = { kind: "delete", request: create(DeleteSessionRequestSchema, { key: other }) };
    const history = [run(makes("first", key, { "app:x": '["value"]' }))];
    const given = [
      { call: removes, outcome: lost },
      { call: removes, outcome: store.run(removes) },
    ];
    history.push(...given, run(makes("second", other, {})));
    // The attempt that was lost arrives now, and what it made is deleted before anybody looks.
    store.run(removes);
    history.push(run(deletes));
    const attempts = historyOf(store, history);
    expect(violationsOf({ attempts, faults: false })).toEqual([]);
    const withoutIt = attempts.filter(({ call }) => call !== removes);
    expect(violationsOf({ attempts: withoutIt, faults: false })).not.toEqual([]);
  });

  test("may have made a session that nobody saw, whose events stand in the way", () => {
    const store = new ReferenceStore();
    const append = (content: string): Call => ({
      kind: "append",
      single: true,
      request: create(BatchAppendEventsRequestSchema, {
        key,
        events: [{ id: "1", content }],
        createSession: true,
        ownerId: "maker 1",
      }),
    });
    const [first, conflicting] = [append("{}"), append("[]")];
    store.run(first);
    const deletes: Call = { kind: "delete", request: create(DeleteSessionRequestSchema, { key }) };
    const history = [
      { call: first, outcome: lost },
      { call: conflicting, outcome: store.run(conflicting) },
      { call: deletes, outcome: store.run(deletes) },
    ];
    const attempts = historyOf(store, history);
    expect(violationsOf({ attempts, faults: false })).toEqual([]);
    expect(violationsOf({ attempts: attempts.slice(1), faults: false })).not.toEqual([]);
  });

  test("may be stored, and stand in the way of its id with other bytes", () => {
    const store = new ReferenceStore();
    const run = (call: Call) => ({ call, outcome: store.run(call) });
    const append = (content: string): Call => ({
      kind: "append",
      single: true,
      request: create(BatchAppendEventsRequestSchema, { key, events: [{ id: "1", content }] }),
    });
    const makes = create(CreateSessionRequestSchema, { key, requestId: "c" });
    const deletes = create(DeleteSessionRequestSchema, { key });
    const [first, conflicting] = [append("{}"), append("[]")];
    const made = run({ kind: "create", request: makes });
    store.run(first);
    const after = [run(conflicting), run({ kind: "delete", request: deletes })];
    const attempts = historyOf(store, [made, { call: first, outcome: lost }, ...after]);
    expect(violationsOf({ attempts, faults: false })).toEqual([]);
    const unsent = historyOf(store, [made, ...after]);
    expect(violationsOf({ attempts: unsent, faults: false })).not.toEqual([]);
  });

  test("may land while the last reads run", () => {
    const store = new ReferenceStore();
    const makes: Call = {
      kind: "create",
      request: create(CreateSessionRequestSchema, { key, requestId: "c" }),
    };
    const append: Call = {
      kind: "append",
      single: true,
      request: create(BatchAppendEventsRequestSchema, { key, events: [{ id: "1", content: "{}" }] }),
    };
    const calls = finalReads("app");
    const made = { call: makes, outcome: store.run(makes) };
    const outcomes = calls.map((call) => {
      const outcome = store.run(call);
      // It lands right after the session was read, and the stream has it.
      if (call.kind === "get" && call.request.key?.sessionId === "s" && call.request.key.userId === "ana")
        store.run(append);
      return { call, outcome };
    });
    const attempts = [made, { call: append, outcome: lost }, ...outcomes].map(
      (each, at): Attempt => ({ ...each, client: 0, start: Math.min(2 * at, 6), end: 7 + 2 * at }),
    );
    attempts[0] = { ...(attempts[0] as Attempt), end: 1 };
    expect(violationsOf({ attempts, faults: false })).toEqual([]);
  });

  test("may make a session right after the last look at its key", () => {
    const store = new ReferenceStore();
    const append: Call = {
      kind: "append",
      single: true,
      request: create(BatchAppendEventsRequestSchema, {
        key,
        events: [{ id: "1", content: "{}" }],
        createSession: true,
        ownerId: "maker 1",
      }),
    };
    const outcomes = finalReads("app").map((call) => {
      const outcome = store.run(call);
      const last = call.kind === "get" && call.request.key?.userId === "ana";
      if (last && call.request.key?.sessionId === "s") store.run(append);
      return { call, outcome };
    });
    const attempts = [{ call: append, outcome: lost }, ...outcomes].map(
      (each, at): Attempt => ({ ...each, client: 0, start: Math.min(2 * at, 4), end: 5 + 2 * at }),
    );
    attempts[0] = { ...(attempts[0] as Attempt), end: 1 };
    expect(violationsOf({ attempts, faults: false })).toEqual([]);
  });
});
