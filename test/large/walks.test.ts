/** Walks over pages while others write: what does not change is listed exactly once, and histories are whole. */
import { describe, expect, test } from "vitest";
import { SessionOrder } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import {
  type Api,
  doors,
  loadHistory,
  newEvent,
  newEvents,
  newKey,
  storeNames,
  userOf,
  useServer,
} from "../api/harness.ts";
import { inFlight } from "./in-flight.ts";
import { eventPages, sessionPages } from "./walk.ts";

/** Runs `write` over and over while `walk` runs, and at least once between two pages. */
async function whileWriting<T>(
  write: (round: number) => Promise<unknown>,
  walk: AsyncIterable<T>,
): Promise<T[]> {
  const found: T[] = [];
  let done = false;
  let rounds = 0;
  const writing = (async () => {
    while (!done) await write(rounds++);
  })();
  try {
    for await (const page of walk) {
      found.push(page);
      const before = rounds;
      // A page after another only once something was written between them.
      while (rounds === before)
        await Promise.race([writing, new Promise((resolve) => setImmediate(resolve))]);
    }
  } finally {
    done = true;
    await writing;
  }
  expect(rounds).toBeGreaterThan(found.length - 1);
  return found;
}

const still = 60;

/** Changes, makes and deletes sessions of the user whose names begin with `busy`. */
function changing(api: Api, user: { appName: string; userId: string }): (round: number) => Promise<unknown> {
  return async (round) => {
    const key = { ...user, sessionId: `busy ${round % 20}` };
    if (round % 7 === 6) return api.deleteSession({ key });
    return api.appendEvent({ key, event: newEvent(), createSession: true });
  };
}

const orders = [
  SessionOrder.UPDATE_TIME_DESC,
  SessionOrder.UPDATE_TIME_ASC,
  SessionOrder.CREATE_TIME_DESC,
  SessionOrder.CREATE_TIME_ASC,
];

describe.each(storeNames)("%s", (store) => {
  const subject = useServer(store);

  describe.each(doors)("over %s", (door) => {
    test.each(orders)("sessions in order %i", { timeout: 120_000 }, async (order) => {
      const api = subject.client(door);
      const user = userOf(newKey());
      const write = changing(subject.client("grpc-js"), user);
      // Those that stay lie among those that change, by either time.
      await inFlight(still, 8, async (at) => {
        await api.createSession({ key: { ...user, sessionId: `still ${at}` } });
        await write(at);
      });
      // Ascending by update time a list may run after what changes for ever: it ends once all of it was seen.
      const seen = new Set<string>();
      async function* pages() {
        for await (const page of sessionPages(api, { key: user, order, pageSize: 7 })) {
          yield page;
          for (const { key } of page) seen.add(key?.sessionId ?? "");
          if (seen.size >= still + 20 && page.every(({ key }) => key?.sessionId.startsWith("busy"))) return;
        }
      }
      const listed = (await whileWriting(write, pages())).flat();
      const names = listed.map(({ key }) => key?.sessionId ?? "").filter((name) => name.startsWith("still"));
      expect(names.toSorted()).toEqual(Array.from({ length: still }, (_, at) => `still ${at}`).toSorted());
    });

    test.each([
      ["forwards", false],
      ["backwards", true],
    ])("events %s", { timeout: 120_000 }, async (_, descending) => {
      const api = subject.client(door);
      const writer = subject.client("grpc-js");
      const count = 300;
      const key = await loadHistory(writer, count);
      const write = () => writer.batchAppendEvents({ key, events: newEvents(2, crypto.randomUUID()) });
      async function* pages() {
        for await (const page of eventPages(api, { key, descending, pageSize: 30 })) {
          yield page;
          // Forwards a walk has what came meanwhile too, and so may go on as long as the writer.
          if (!descending && Number(page.at(-1)?.seq) >= count + 60) return;
        }
      }
      const seqs = (await whileWriting(write, pages())).flat().map(({ seq }) => Number(seq));
      const head = Math.max(...seqs);
      expect(head).toBeGreaterThanOrEqual(count);
      const expected = Array.from({ length: head }, (_, at) => at + 1);
      expect(seqs).toEqual(descending ? expected.toReversed() : expected);
    });

    test("users and their events across an app", { timeout: 120_000 }, async () => {
      const api = subject.client(door);
      const writer = subject.client("grpc-js");
      const { appName } = newKey();
      const users = Array.from({ length: 20 }, (_, at) => `user ${String(at * 10).padStart(3, "0")}`);
      for (const userId of users) {
        const key = { appName, userId, sessionId: "s" };
        await writer.batchAppendEvents({ key, events: newEvents(3), createSession: true });
      }
      const write = (round: number) =>
        writer.appendEvent({
          key: { appName, userId: `user ${String((round % 20) * 10 + 5).padStart(3, "0")}`, sessionId: "s" },
          event: newEvent(),
          createSession: true,
        });
      async function* pages() {
        let pageToken = "";
        do {
          const page = await api.listUsers({ key: { appName }, pageSize: 3, pageToken });
          yield page.userIds;
          pageToken = page.nextPageToken;
        } while (pageToken !== "");
      }
      const listed = (await whileWriting(write, pages())).flat();
      expect(listed).toEqual([...new Set(listed)].toSorted());
      expect(listed).toEqual(expect.arrayContaining(users));
      const scoped = eventPages(api, { key: { appName }, scope: 2, pageSize: 10 });
      const events = (await whileWriting(write, scoped)).flat();
      const places = events.map(({ key, seq }) => `${key?.userId} ${seq}`);
      expect(new Set(places).size).toBe(places.length);
      expect(places).toEqual(
        expect.arrayContaining(users.flatMap((user) => [1, 2, 3].map((seq) => `${user} ${seq}`))),
      );
    });
  });
});
