import { expect } from "vitest";
import {
  append,
  appendInput,
  createInput,
  createSession,
  eventOf,
  keyOf,
  listInput,
  mustGet,
  readHistory,
} from "../build.ts";
import type { Cases } from "../harness.ts";
import { Random } from "../random.ts";

/** Ids that a careless collation takes for the same. */
const NEIGHBOURS = [
  "bob",
  "Bob",
  "BOB",
  "bob ",
  " bob",
  "bob  ",
  "b\u00f6b",
  "bo\u0308b",
  "b\u00d6b",
  "bob\t",
  "bob\u200b",
  "bob\u00ad",
  "\uff42ob",
  "b\u0131b",
  "bib",
  "b\u0130b",
  "stra\u00dfe",
  "strasse",
  "b%b",
  "b_b",
  "b\\b",
  "b'b",
  'b"b',
  "b/b",
  "\u{1f600}",
  "\u{1f601}",
  "0",
  "00",
  "1e0",
  "null",
  ".",
  "..",
];

export const ids = {
  "session ids compare exactly": async ({ store, app }) => {
    for (const id of NEIGHBOURS) await createSession(store, createInput(keyOf(app, id), { displayName: id }));
    for (const id of NEIGHBOURS) expect((await mustGet(store, keyOf(app, id))).displayName).toBe(id);
    expect(await store.listSessions(listInput(app))).toHaveLength(NEIGHBOURS.length);
  },

  "user ids and app names compare exactly": async ({ store, app }) => {
    for (const id of NEIGHBOURS) {
      await createSession(store, createInput(keyOf(app, "s", id), { displayName: id }));
      await createSession(store, createInput(keyOf(`${app}${id}`, "s", "u"), { displayName: id }));
    }
    for (const id of NEIGHBOURS) {
      expect((await mustGet(store, keyOf(app, "s", id))).displayName).toBe(id);
      expect((await mustGet(store, keyOf(`${app}${id}`, "s", "u"))).displayName).toBe(id);
      expect(await store.listSessions(listInput(app, { scope: { appName: app, userId: id } }))).toHaveLength(
        1,
      );
    }
    expect(new Set(await store.listUsers(app, undefined, 100))).toEqual(new Set(NEIGHBOURS));
  },

  "event ids compare exactly": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    await append(
      store,
      appendInput(
        key,
        NEIGHBOURS.map((id) => eventOf({ id, author: id })),
      ),
    );
    expect((await readHistory(store, key)).map((event) => event.id)).toEqual(NEIGHBOURS);
    const again = await append(store, appendInput(key, [eventOf({ id: "bob   " })]));
    expect(again.headSeq).toBe(NEIGHBOURS.length + 1);
  },

  "ids of 191 characters of four bytes each": async ({ store, app }) => {
    const long = (last: string) => "\u{1f600}".repeat(190) + last;
    const names = [long("a"), long("b")];
    for (const appName of [`${app}${"\u{10ffff}".repeat(191 - [...app].length)}`]) {
      for (const userId of names) {
        for (const sessionId of names) {
          const key = { appName, userId, sessionId };
          await createSession(store, createInput(key, { ownerId: userId }));
          await append(
            store,
            appendInput(
              key,
              names.map((id) => eventOf({ id })),
            ),
          );
        }
      }
      for (const userId of names) {
        for (const sessionId of names) {
          const key = { appName, userId, sessionId };
          expect((await readHistory(store, key)).map((event) => event.id)).toEqual(names);
        }
      }
      expect(await store.listUsers(appName, undefined, 10)).toEqual(names);
    }
  },

  "any ids, by chance": async ({ store, app }) => {
    const random = new Random(20_261_121);
    const made = new Set<string>();
    for (let round = 0; round < 60; round++) {
      const sessionId = random.text(20, { nul: false }) || "x";
      const userId = random.text(4, { nul: false }) || "x";
      const name = JSON.stringify([userId, sessionId]);
      if (made.has(name)) continue;
      made.add(name);
      const key = { appName: app, userId, sessionId };
      await createSession(store, createInput(key, { displayName: name }));
      const session = await mustGet(store, key);
      expect(session.key).toEqual(key);
      expect(session.displayName).toBe(name);
    }
    expect(await store.listSessions(listInput(app))).toHaveLength(made.size);
  },
} satisfies Cases;
