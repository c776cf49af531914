import { expect } from "vitest";
import { appendedEvent } from "../../../src/store/appended-event.ts";
import type { AppendedEvent, EventBody } from "../../../src/store/store.ts";
import type { StoredEvent } from "../../../src/store/stored-event.ts";
import {
  append,
  appendInput,
  bodyOf,
  bodyOfNew,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  keyOf,
  listInput,
  mustGet,
  rangeOf,
  readHistory,
  readRange,
  toNew,
} from "../build.ts";
import type { Cases } from "../harness.ts";
import { Random } from "../random.ts";

const DOUBLES = [
  0,
  -0,
  0.1,
  -0.1,
  1 / 3,
  1_700_000_000.123_456_7,
  -62_135_596_800,
  1e300,
  -1e300,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  2.225_073_858_507_201e-308,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  1e22,
  253_402_300_800,
];

const JSON_TEXTS = [
  "1.0",
  "1",
  "9223372036854775808",
  "123456789012345678901234567890.1234567890",
  "-0.0",
  "-0",
  "1e0",
  "1E+2",
  "1e-400",
  "1e999",
  "null",
  "true",
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\ud83d\\ude00"',
  '"\u{1f600}"',
  '"\\/"',
  '"\\u00e9\u00e9e\u0301"',
  ' { "b" : 1 , "a" : 2 , "b" : 3 } ',
  "[1 ,2]",
  "\t[]\n",
  `"${"x".repeat(100_000)}"`,
  `${"[".repeat(200)}${"]".repeat(200)}`,
];

function randomBody(random: Random, id: string): EventBody {
  const maybe = <T>(make: () => T): T | undefined => (random.below(3) === 0 ? undefined : make());
  const flag = (): boolean => random.below(2) === 0;
  const payload = (): string => (random.below(4) === 0 ? "" : random.json());
  const keys = Array.from(
    { length: random.below(4) },
    (_, at) => `${random.pick(["", "user:", "app:"])}${at}${random.text(6)}`,
  );
  return {
    id,
    invocationId: random.text(10),
    author: random.text(10),
    branch: maybe(() => random.text(10)),
    timestamp: random.double(),
    partial: maybe(() => false),
    turnComplete: maybe(flag),
    interrupted: maybe(flag),
    errorCode: maybe(() => random.text(10)),
    errorMessage: maybe(() => random.text(300)),
    longRunningToolIds: maybe(() => Array.from({ length: random.below(4) }, () => random.text(8))),
    actions: payload(),
    content: payload(),
    groundingMetadata: payload(),
    customMetadata: payload(),
    extra: payload(),
    stateDelta: new Map(keys.map((key) => [key, random.json()])),
    removedStateKeys: Array.from({ length: random.below(3) }, (_, at) => `gone${at}${random.text(4)}`),
    writerLanguage: random.text(5),
    writerAdkVersion: random.text(5),
  };
}

export const exactness = {
  "times are exact doubles": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    for (const timestamp of DOUBLES) {
      const appended = await append(store, appendInput(key, [eventOf({ timestamp })]));
      expect(appended.events[0]?.timestamp).toBe(timestamp);
      expect((await mustGet(store, key)).lastEventTime).toBe(timestamp);
    }
    // `toEqual` tells 0 from -0.
    expect((await readHistory(store, key)).map((event) => event.timestamp)).toEqual(DOUBLES);
    expect((await store.listSessions(listInput(app)))[0]?.lastEventTime).toBe(DOUBLES.at(-1));
  },

  "a retry gets the exact time, too": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const events = DOUBLES.map((timestamp) => eventOf({ timestamp }));
    const first = await append(store, appendInput(key, events));
    expect((await append(store, appendInput(key, events))).events).toEqual(first.events);
  },

  "random doubles": async ({ store, app }) => {
    const random = new Random(4);
    const times = Array.from({ length: 1_000 }, () => random.double());
    const key = keyOf(app);
    await createSession(store, createInput(key));
    for (let at = 0; at < times.length; at += 250) {
      await append(
        store,
        appendInput(
          key,
          times.slice(at, at + 250).map((timestamp) => eventOf({ timestamp })),
        ),
      );
    }
    expect((await readHistory(store, key)).map((event) => event.timestamp)).toEqual(times);
    const session = await mustGet(store, key);
    const bound = times[500] ?? 0;
    const later = await readRange(store, rangeOf(session, { afterTime: bound }));
    expect(later.map((event) => event.timestamp)).toEqual(times.filter((time) => time >= bound));
  },

  "payloads are byte for byte": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const events = JSON_TEXTS.map((text) =>
      eventOf({ actions: text, content: text, groundingMetadata: text, customMetadata: text, extra: text }),
    );
    await append(store, appendInput(key, events));
    expect((await readHistory(store, key)).map(bodyOf)).toEqual(events.map(bodyOfNew));
  },

  "what an append stored is known without a read, byte for byte": async ({ store, app }) => {
    const key = keyOf(app);
    const { uid } = await createSession(store, createInput(key));
    const texts = JSON_TEXTS.map((text, at) =>
      eventOf({
        actions: text,
        content: text,
        groundingMetadata: text,
        customMetadata: text,
        extra: text,
        set: { [String(9 - (at % 9))]: text, k: text, "app:2": text },
      }),
    );
    const envelopes = [true, false, undefined].map((flag) =>
      eventOf({
        partial: flag,
        turnComplete: flag,
        interrupted: flag,
        author: flag ? "" : undefined,
        branch: flag ? "a.b" : undefined,
        errorCode: flag ? "é" : undefined,
        errorMessage: flag ? "" : undefined,
        longRunningToolIds: flag === undefined ? undefined : flag ? ["b", "a"] : [],
        remove: flag ? ["gone", "user:gone"] : [],
        content: "",
        writerLanguage: flag ? "go" : "",
        writerAdkVersion: flag === false ? "" : "1.2",
      }),
    );
    for (const events of [texts, envelopes, DOUBLES.map((timestamp) => eventOf({ timestamp }))]) {
      const { events: appended, headSeq, repeated } = await append(store, appendInput(key, events));
      expect(repeated).toBe(false);
      const known = events.map((event, at) => appendedEvent(event, appended[at] as AppendedEvent, headSeq));
      const range = rangeOf(await mustGet(store, key), { afterSeq: headSeq - events.length });
      const read: StoredEvent[] = [];
      for await (const chunk of store.readEvents({ ...range, uid })) read.push(...chunk);
      expect(known.map(comparable)).toEqual(read.map(comparable));
    }
  },

  "state values are byte for byte, in every scope": async ({ store, app }) => {
    const key = keyOf(app);
    const set = Object.fromEntries(
      JSON_TEXTS.flatMap((text, at) => ["", "user:", "app:"].map((prefix) => [`${prefix}k${at}`, text])),
    );
    await createSession(store, createInput(key, { delta: deltaOf(set) }));
    expect(Object.fromEntries((await mustGet(store, key)).state ?? [])).toEqual(set);
    const other = keyOf(app, "other", "other");
    await createSession(store, createInput(other));
    await append(store, appendInput(other, [eventOf({ set })]));
    expect(Object.fromEntries((await mustGet(store, other)).state ?? [])).toEqual(set);
    const [event] = await readHistory(store, other);
    expect(Object.fromEntries(event?.stateDelta ?? [])).toEqual(set);
    const [change] = await store.listChanges(key, 0);
    expect(change?.delta).toEqual(deltaOf(set));
    const [listed] = await store.listSessions(
      listInput(app, { scope: { appName: app, userId: "other" }, includeState: true }),
    );
    expect(Object.fromEntries(listed?.state ?? [])).toEqual(set);
  },

  "U+0000 and odd characters in texts": async ({ store, app }) => {
    const key = keyOf(app);
    const text = "a\0b\u0001\u007f\r\n\ufeff\uffff\u{10ffff}'\"\\%";
    const made = await createSession(
      store,
      createInput(key, {
        ownerId: text,
        displayName: text,
        labels: new Map([[text, text]]),
        delta: deltaOf({ [text]: "1" }),
      }),
    );
    expect(made).toMatchObject({ ownerId: text, displayName: text, labels: new Map([[text, text]]) });
    const event = eventOf({
      invocationId: text,
      author: text,
      branch: text,
      errorCode: text,
      errorMessage: text,
      longRunningToolIds: [text, ""],
      set: { [text]: "2", [`user:${text}`]: "3" },
      remove: [`app:${text}`],
      writerLanguage: text,
      writerAdkVersion: text,
    });
    await append(store, appendInput(key, [event]));
    expect((await readHistory(store, key)).map(bodyOf)).toEqual([bodyOfNew(event)]);
    const session = await mustGet(store, key);
    expect(session).toMatchObject({ ownerId: text, displayName: text, labels: new Map([[text, text]]) });
    expect(session.state).toEqual(
      new Map([
        [text, "2"],
        [`user:${text}`, "3"],
      ]),
    );
  },

  "random events": async ({ store, app }) => {
    const random = new Random(1_969);
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const events = Array.from({ length: 200 }, (_, at) => toNew(randomBody(random, `e${at}`)));
    for (let at = 0; at < events.length; at += 50)
      await append(store, appendInput(key, events.slice(at, at + 50)));
    const read = await readHistory(store, key);
    expect(read.map(bodyOf)).toEqual(events.map(bodyOfNew));
  },

  "seqs and revisions of a long history are safe integers": async ({ store, app, database }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const far = 2 ** 52;
    await database.execute(
      `UPDATE adk_sessions SET head_seq = ${far}, revision = ${far + 5}, event_bytes = ${far} WHERE app_name = '${app}'`,
    );
    const appended = await append(store, appendInput(key, [eventOf()]));
    expect(appended.events).toMatchObject([{ seq: far + 1, revision: far + 6 }]);
    const session = await mustGet(store, key);
    const [event] = await readRange(store, rangeOf(session, { afterSeq: far }));
    expect(event).toMatchObject({ seq: far + 1, revision: far + 6, appendEndSeq: far + 1 });
  },
} satisfies Cases;

/** With the message in a form whose differences can be read. */
function comparable({ message, ...place }: StoredEvent): object {
  return { ...place, message: Buffer.from(message).toString("latin1") };
}
