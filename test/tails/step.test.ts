/** Steps over a real store: whatever lies after a place comes in order, in bounded pieces. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/config/limits.ts";
import type { HeadRecord, SessionRecord, Store } from "../../src/store/store.ts";
import { readStep, type StepStore, type TailPlace } from "../../src/tails/step.ts";
import { Service } from "../rpc/support.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  eventOf,
  keyOf,
  updateInput,
} from "../store/build.ts";

let service: Service;
let store: Store;
beforeAll(async () => {
  service = await Service.open();
  store = service.opened;
});
afterAll(() => service.close());

const limits = { ...defaultLimits, frameBytes: 4_096, readRangeRows: 3 };
const big = deltaOf({ a: JSON.stringify("x".repeat(1_500)) });

/** A session with appends of so many events, and changes where the size is 0. */
async function sessionOf(name: string, sizes: readonly number[]): Promise<SessionRecord> {
  const session = await createSession(store, createInput(keyOf("app", name)));
  for (const size of sizes) {
    if (size === 0) {
      await store.updateSession(updateInput(session.key, { state: { kind: "merge", delta: big } }));
    } else
      await append(
        store,
        appendInput(
          session.key,
          Array.from({ length: size }, () => eventOf()),
        ),
      );
  }
  return session;
}

/** Everything after a place: events as `e3`, changes as `c7`, and how many steps it took. */
async function restOf({ key }: SessionRecord, start: TailPlace) {
  const told: string[] = [];
  const places: TailPlace[] = [];
  let place = start;
  for (let steps = 1; ; steps++) {
    const step = await readStep(store, key, place, limits);
    for (const frame of step.frames) {
      if (frame.kind === "events") told.push(...frame.events.map(({ seq }) => `e${seq}`));
      if (frame.kind === "changed") told.push(`c${frame.change.revision}`);
    }
    place = step.place;
    places.push(place);
    if (step.atHead) return { told, places, steps };
  }
}

const at = ({ uid }: SessionRecord): TailPlace => ({ uid, seq: 0, resumeSeq: 0, revision: 1 });

describe("what lies after a place", () => {
  test("comes in the order of revisions, also where changes fill a step before the events do", async () => {
    const session = await sessionOf("order", [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 4, 0]);
    const { told, steps } = await restOf(session, at(session));
    const expected = ["c2 c3 c4 c5 c6", "e1 e2", "c9 c10 c11 c12", "e3", "e4 e5 e6 e7", "c18"].join(" ");
    expect(told.join(" ")).toBe(expected);
    expect(steps).toBeGreaterThan(4);
  });

  test("is the same from every place on the way, also from the middle of an append", async () => {
    const session = await sessionOf("places", [5, 0, 1, 0, 0, 0, 0, 8, 0, 1]);
    const { told, places } = await restOf(session, at(session));
    expect(places.some(({ seq, resumeSeq }) => seq !== resumeSeq)).toBe(true);
    for (const place of places) {
      // As many were told as there are revisions up to the place.
      expect((await restOf(session, place)).told).toEqual(told.slice(place.revision - 1));
    }
  });

  test("is nothing at the head, and a session that is gone is said to be", async () => {
    const session = await sessionOf("gone", [1]);
    const { places } = await restOf(session, at(session));
    const head = places.at(-1) as TailPlace;
    expect(await readStep(store, session.key, head, limits)).toMatchObject({
      frames: [],
      atHead: true,
      place: head,
    });
    const other = { ...head, uid: "another" };
    expect(await readStep(store, session.key, other, limits)).toMatchObject({ gone: "SESSION_RECREATED" });
    const missing = keyOf("app", "nobody");
    expect(await readStep(store, missing, head, limits)).toMatchObject({ gone: "SESSION_DELETED" });
  });
});

describe("where somebody has just looked", () => {
  /** The step after a place, and how often it looked at the session's row. */
  async function stepAfter(session: SessionRecord, place: TailPlace, found: HeadRecord) {
    let looks = 0;
    const reads: StepStore = {
      sessionHeads: (keys) => {
        looks++;
        return store.sessionHeads(keys);
      },
      readEvents: (range) => store.readEvents(range),
      readChanges: (range) => store.readChanges(range),
    };
    return { step: await readStep(reads, session.key, place, limits, found), looks };
  }

  async function headOf({ key }: SessionRecord): Promise<HeadRecord> {
    const [head] = await store.sessionHeads([key]);
    return head as HeadRecord;
  }

  test("what it found is read without another look", async () => {
    const session = await sessionOf("found", [2, 0, 1]);
    const found = await headOf(session);
    const read = await readStep(store, session.key, at(session), limits);
    expect(read.atHead).toBe(true);
    expect(await stepAfter(session, at(session), found)).toEqual({ step: read, looks: 0 });
    // It was further on by then, which is found out next.
    await append(store, appendInput(session.key, [eventOf()]));
    expect(await stepAfter(session, at(session), found)).toEqual({ step: read, looks: 0 });
    // Nothing new for this place, or of another session.
    expect((await stepAfter(session, read.place, found)).looks).toBe(1);
    expect((await stepAfter(session, at(session), { ...found, uid: "other" })).looks).toBe(1);
  });

  test("a session that has changed since is looked at again", async () => {
    const session = await sessionOf("changed", [1]);
    const [place, found] = [at(session), await headOf(session)];
    // As where a database lost the newest events.
    const { place: end } = await readStep(store, session.key, place, limits);
    const ahead = await stepAfter(session, end, { ...found, revision: 4, headSeq: 3 });
    expect(ahead).toMatchObject({ looks: 1, step: { frames: [], place: end, atHead: true } });
    await store.deleteSession(deleteInput(session.key));
    expect(await stepAfter(session, place, found)).toMatchObject({
      step: { frames: [], gone: "SESSION_DELETED" },
      looks: 1,
    });
    await createSession(store, createInput(session.key));
    expect((await stepAfter(session, place, found)).step.gone).toBe("SESSION_RECREATED");
  });
});
