/** A user with 100,000 sessions (SESSIOND_TEST_FULL=1): lists have each of them once, and pages stay quick. */
import { beforeAll, describe, expect, test } from "vitest";
import { SessionOrder } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { doors, newEvent, newKey, runToEnd, storeNames, userOf, useServer } from "../api/harness.ts";
import { copySessions } from "./copy-sessions.ts";
import { inFlight } from "./in-flight.ts";
import { manySessions, report, sizeTimeout, timed } from "./sizes.ts";
import { all, sessionPages } from "./walk.ts";

const count = manySessions;
const pageSize = 1_000;

/** Every so manyth session has the label, the owner and the state that filters look for. */
const every = 500;

const rare = { ownerId: "rare", labels: { rare: "yes" }, state: { rare: "1" } };

const orders = [
  [SessionOrder.UPDATE_TIME_DESC, SessionOrder.UPDATE_TIME_ASC],
  [SessionOrder.CREATE_TIME_DESC, SessionOrder.CREATE_TIME_ASC],
] as const;

describe.each(storeNames)("%s", (store) => {
  const subject = useServer(store);
  const user = userOf(newKey());
  const ids = Array.from({ length: count }, (_, at) => `s${at}`);

  beforeAll(async () => {
    const api = subject.client("grpc-js");
    const { ms } = await timed(async () => {
      await api.createSession({ key: { ...user, sessionId: "s0" }, ...rare });
      await api.appendEvent({ key: { ...user, sessionId: "s1" }, event: newEvent(), createSession: true });
      await inFlight(count / every - 1, 16, (at) =>
        api.createSession({ key: { ...user, sessionId: `s${(at + 1) * every}` }, ...rare }),
      );
      await copySessions(subject.data.url, { ...user, sessionId: "s1" }, count, every);
    });
    // Another user of the app, who must not be seen.
    await api.createSession({ key: { ...user, userId: "bob", sessionId: "s0" } });
    report(`${store}: ${count} sessions`, { "made in (s)": ms / 1_000 });
  }, sizeTimeout);

  test.each(doors)("a walk has each session once, over %s", { timeout: sizeTimeout }, async (door) => {
    const { value, ms } = await timed(() => all(sessionPages(subject.client(door), { key: user, pageSize })));
    expect(value.length).toBe(count);
    expect(new Set(value.map(({ key }) => key?.sessionId))).toEqual(new Set(ids));
    expect(value.every(({ key }) => key?.userId === user.userId)).toBe(true);
    report(`${store}, ${door}: a walk over ${count} sessions`, { "took (ms)": ms });
  });

  test.each(orders)(
    "first and last page, in order %i and its reverse",
    { timeout: sizeTimeout },
    async (down, up) => {
      const api = subject.client("grpc-js");
      const size = 50;
      const walked = await all(sessionPages(api, { key: user, order: down, pageSize }));
      const expected = walked.map(({ key }) => key?.sessionId);
      const first = await timed(() => api.listSessions({ key: user, order: down, pageSize: size }));
      const last = await timed(() => api.listSessions({ key: user, order: up, pageSize: size }));
      expect(first.value.sessions.map(({ key }) => key?.sessionId)).toEqual(expected.slice(0, size));
      expect(last.value.sessions.map(({ key }) => key?.sessionId)).toEqual(expected.slice(-size).reverse());
      report(`${store}: pages of ${size} of ${count}`, { "first (ms)": first.ms, "last (ms)": last.ms });
    },
  );

  test.each([
    ["owner", { ownerId: "rare" }],
    ["label", { labels: { rare: "yes" } }],
    ["state", { stateEquals: { rare: "1.0" } }],
    ["all three", { ownerId: "rare", labels: { rare: "yes" }, stateEquals: { rare: "1" } }],
  ])("a filter by %s finds the few", { timeout: sizeTimeout }, async (what, filter) => {
    const query = { key: user, pageSize: 30, ...filter };
    const { value, ms } = await timed(() => all(sessionPages(subject.client("grpc-js"), query)));
    const found = value.map(({ key }) => key?.sessionId);
    const few = ids.filter((_, at) => at % every === 0);
    expect(found.toSorted()).toEqual(few.toSorted());
    report(`${store}: ${few.length} of ${count} by ${what}`, { "took (ms)": ms });
  });

  test("a filter that nothing fits, users and apps", { timeout: sizeTimeout }, async () => {
    const api = subject.client("grpc-js");
    const none = await timed(() => all(sessionPages(api, { key: user, labels: { rare: "no" } })));
    expect(none.value).toEqual([]);
    const users = await timed(() => api.listUsers({ key: { appName: user.appName } }));
    expect(users.value).toMatchObject({ userIds: [user.userId, "bob"].toSorted(), nextPageToken: "" });
    const apps = await timed(() => api.listApps({}));
    expect(apps.value.appNames).toEqual([user.appName]);
    report(`${store}: of ${count} sessions`, {
      "none (ms)": none.ms,
      "users (ms)": users.ms,
      "apps (ms)": apps.ms,
    });
  });

  test("sessiond stats", { timeout: sizeTimeout }, async () => {
    const { value, ms } = await timed(() => runToEnd(["stats", "--json", "--store", subject.data.url]));
    expect(value).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(value.stdout)).toMatchObject({
      total: { sessions: count + 1, events: count - count / every },
    });
    report(`${store}: sessiond stats over ${count} sessions`, { "took (ms)": ms });
  });
});
