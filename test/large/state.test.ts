/** State of 10,000 keys and 1 MiB, in each scope. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Api,
  clientKinds,
  connect,
  doors,
  type Key,
  newEvent,
  newKey,
  type Server,
  startServer,
  storeNames,
  useServer,
} from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { full } from "../support/full-size.ts";
import { report } from "./sizes.ts";
import { type CountedData, countedData } from "./written.ts";

type State = Record<string, string>;

const MiB = 1024 * 1024;
const keys = 10_000;
const prefixes = ["", "user:", "app:"] as const;

/** So many keys with this prefix, as heavy as 10,000 of them need to be for 1 MiB. */
function stateOf(prefix: string, count: number): State {
  const weight = Math.ceil(MiB / keys);
  const entries = Array.from({ length: count }, (_, at) => {
    const key = `${prefix}key ${String(at).padStart(5, "0")}`;
    return [key, JSON.stringify("v".repeat(weight - key.length - 2))];
  });
  return Object.fromEntries(entries);
}

function bytesOf(state: Readonly<State>): number {
  return Object.entries(state).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
}

/** A state without a report of its 10,000 lines. */
function expectState(found: Readonly<State> | undefined, expected: Readonly<State>): void {
  const differ = Object.keys({ ...found, ...expected }).filter((key) => found?.[key] !== expected[key]);
  expect(differ.slice(0, 5)).toEqual([]);
}

/** The state at the head of a stream, which is checked to come in frames of the right size. */
async function streamedState(
  api: Api,
  key: Key,
): Promise<{ readonly state: State; readonly frames: number }> {
  const state: State = {};
  let continues = true;
  let frames = 0;
  for await (const { frame } of api.streamEvents({ key })) {
    if (frame.case !== "opened" && frame.case !== "state") {
      expect(continues).toBe(false);
      continue;
    }
    const part = frame.case === "opened" ? frame.value.session?.state : frame.value.state;
    expect(continues).toBe(true);
    continues = frame.case === "opened" ? frame.value.stateContinues : frame.value.continues;
    expect(bytesOf(part ?? {})).toBeLessThanOrEqual(256 * 1024);
    Object.assign(state, part);
    frames++;
  }
  expect(continues).toBe(false);
  return { state, frames };
}

describe.each(storeNames)("%s", (store) => {
  const subject = useServer(store);
  const kinds = store === "sqlite" ? clientKinds : doors;

  describe.each(prefixes)("1 MiB in 10,000 keys that begin with '%s'", (prefix) => {
    const key = newKey();
    const state = stateOf(prefix, keys);

    beforeAll(async () => {
      const { session } = await subject.client("grpc-js").createSession({ key, state });
      expectState(session?.state, state);
      expect(bytesOf(state)).toBeGreaterThanOrEqual(MiB);
    }, serverTimeout);

    test.each(kinds)("is read by %s, whole and in frames", { timeout: 60_000 }, async (kind) => {
      const api = subject.client(kind);
      const { session } = await api.getSession({ key });
      expectState(session?.state, state);
      const streamed = await streamedState(api, key);
      expectState(streamed.state, state);
      expect(streamed.frames).toBeGreaterThan(4);
      const { sessions } = await api.listSessions({ key: { appName: key.appName }, includeState: true });
      if (prefix === "") expectState(sessions[0]?.state, state);
    });

    // How a map is sent does not depend on its prefix.
    test.each(prefix === "" || full ? kinds : kinds.slice(0, 1))(
      "is made by %s, at create and by an event",
      { timeout: 60_000 },
      async (kind) => {
        const api = subject.client(kind);
        const created = { ...newKey(), sessionId: "created" };
        expectState((await api.createSession({ key: created, state })).session?.state, state);
        const appended = { ...newKey(), sessionId: "appended" };
        await api.appendEvent({ key: appended, event: newEvent({ stateDelta: state }), createSession: true });
        expectState((await api.getSession({ key: appended })).session?.state, state);
        const { events } = await api.listEvents({ key: appended });
        expectState(events[0]?.stateDelta, state);
      },
    );

    test("is changed by one key and shared by whom it concerns", async () => {
      const api = subject.client("grpc-js");
      const [first = "", second = ""] = Object.keys(state);
      const event = newEvent({ stateDelta: { [first]: "1" }, removedStateKeys: [second] });
      await api.appendEvent({ key, event });
      const { [second]: _, ...expected } = { ...state, [first]: "1" };
      expectState((await api.getSession({ key })).session?.state, expected);
      if (prefix === "") {
        expectState((await api.getSession({ key, asOfSeq: 0n })).session?.state, state);
        return;
      }
      const sibling = { ...key, sessionId: "sibling" };
      expectState((await api.createSession({ key: sibling })).session?.state, expected);
      const bare = (entries: State): State =>
        Object.fromEntries(
          Object.entries(entries).map(([name, value]) => [name.slice(prefix.length), value]),
        );
      const { state: shared } = await (prefix === "app:"
        ? api.getAppState({ key: { appName: key.appName } })
        : api.getUserState({ key: { appName: key.appName, userId: key.userId } }));
      expectState(shared, bare(expected));
    });
  });
});

describe.each(storeNames)("%s: what a delta of one key costs", (store) => {
  let data: CountedData;
  let server: Server;
  let api: Api;
  beforeAll(async () => {
    data = await countedData(store);
    server = await startServer({ store: data.url });
    api = connect("grpc-js", server);
  }, serverTimeout);
  afterAll(async () => {
    await api?.close();
    await server?.stop();
    await data?.drop();
  });

  /** What the third append to a session with a state of so many keys costs; the first ones warm things up. */
  async function costAfter(prefix: string, count: number): Promise<number> {
    const key = newKey({ appName: `app ${randomUUID()}` });
    await api.createSession({ key, state: stateOf(prefix, count) });
    const changed = `${prefix}key 00005`;
    const append = (value: string) =>
      api.appendEvent({ key, event: newEvent({ id: `e${value}`, stateDelta: { [changed]: value } }) });
    await append("1");
    await append("2");
    return data.cost(() => append("3"));
  }

  test.each(prefixes)("a key with '%s' among 10,000 as among 10", { timeout: 60_000 }, async (prefix) => {
    const few = await costAfter(prefix, 10);
    const many = await costAfter(prefix, keys);
    report(`${store}: a delta of one key '${prefix}'`, {
      [`among 10 (${data.unit})`]: few,
      "among 10,000": many,
    });
    expect(few).toBeGreaterThan(0);
    // A level more of a tree; to write or read the state would take 10,000 rows or 1 MiB.
    expect(many).toBeLessThanOrEqual(few * 1.5);
  });
});
