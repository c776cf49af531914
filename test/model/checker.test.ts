/** The checker itself: it takes histories of a store that is right, and finds what is done to them. */
import { clone } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Event, EventSchema } from "../../gen/ts/sessiond/v1/event_pb.ts";
import { Random } from "../store/random.ts";
import type { Answers, Attempt, Call } from "./calls.ts";
import { violationsOf } from "./checker/index.ts";
import { finalReads, Generator } from "./generate.ts";
import { ReferenceStore } from "./reference.ts";

const seeds = Array.from({ length: 30 }, (_, at) => at + 1);

/** A history of the reference store: three clients that take turns, then the final reads. */
function historyOf(seed: number): Attempt[] {
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
