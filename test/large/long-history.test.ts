/** A session of 1,000,000 events (SESSIOND_TEST_FULL=1): every call on it answers, and rightly. */

import { beforeAll, describe, expect, test } from "vitest";
import { EventScope } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import {
  doors,
  failureOf,
  type Key,
  loadHistory,
  newEvent,
  present,
  runToEnd,
  storeNames,
  useServer,
} from "../api/harness.ts";
import { full } from "../support/full-size.ts";
import { longHistory, report, sizeTimeout, timed } from "./sizes.ts";
import { eventPages } from "./walk.ts";

const count = longHistory;

/** To delete a million events may take longer than a call may by default; a busy machine is no failure. */
const patience = full
  ? ["--max-deadline", "1h", "--max-connection-age-grace", "1h", "--statement-timeout", "1h"]
  : [];

describe.each(storeNames)("%s", (store) => {
  const subject = useServer(store, patience);
  let key: Key;
  beforeAll(async () => {
    const api = subject.client("grpc-js");
    const { value, ms } = await timed(() =>
      loadHistory(api, count, { content: '{"parts":[{"text":"hello"}]}' }),
    );
    key = value;
    report(`${store}: ${count} events`, { "appended in (s)": ms / 1_000 });
  }, sizeTimeout);

  test.each(doors)("the newest 20, over %s", { timeout: sizeTimeout }, async (door) => {
    const seqs: bigint[] = [];
    const { ms } = await timed(async () => {
      for await (const { frame } of subject.client(door).streamEvents({ key, numRecentEvents: 20 })) {
        if (frame.case === "opened") expect(frame.value.session?.headSeq).toBe(BigInt(count));
        if (frame.case === "events") seqs.push(...frame.value.events.map(({ seq }) => seq));
      }
    });
    expect(seqs).toEqual(Array.from({ length: 20 }, (_, at) => BigInt(count - 19 + at)));
    report(`${store}, ${door}: the newest 20`, { "came in (ms)": ms });
  });

  test.each(doors)(
    "pages backwards from the head to the first, over %s",
    { timeout: sizeTimeout },
    async (door) => {
      let expected = count;
      let slowest = 0;
      let before = performance.now();
      // Over one door all the way; over the other the beginning of it, in pages as a viewer asks for them.
      const pageSize = door === "grpc-js" ? 1_000 : 50;
      const pages = eventPages(subject.client(door), { key, descending: true, pageSize });
      for await (const events of pages) {
        slowest = Math.max(slowest, performance.now() - before);
        for (const { seq } of events) if (Number(seq) !== expected--) expect(seq).toBe(expected + 1);
        before = performance.now();
        if (door !== "grpc-js" && expected < count - 1_000) break;
      }
      expect(expected).toBe(door === "grpc-js" ? 0 : count - 1_050);
      report(`${store}, ${door}: backwards by ${pageSize}`, { "slowest page (ms)": Math.round(slowest) });
    },
  );

  test("a page in the middle, both ways, and the state as of it", { timeout: sizeTimeout }, async () => {
    const api = subject.client("grpc-js");
    const middle = count / 2;
    const { events: below } = await api.listEvents({
      key,
      beforeSeq: BigInt(middle),
      descending: true,
      pageSize: 3,
    });
    expect(below.map(({ seq }) => Number(seq))).toEqual([middle - 1, middle - 2, middle - 3]);
    const { events: above } = await api.listEvents({ key, afterSeq: BigInt(middle), pageSize: 3 });
    expect(above.map(({ id }) => id)).toEqual([1, 2, 3].map((at) => `e${middle + at}`));
    const { session } = await api.getSession({ key, asOfSeq: BigInt(middle) });
    expect(session?.state).toEqual({});
  });

  test("appends after them, an old one again, and a used id", { timeout: sizeTimeout }, async () => {
    const api = subject.client("grpc-js");
    for (const door of doors) {
      const event = newEvent({ stateDelta: { last: JSON.stringify(door) } });
      const { value, ms } = await timed(() => subject.client(door).appendEvent({ key, event }));
      report(`${store}, ${door}: an append after ${count} events`, { "took (ms)": ms });
      expect(value.event?.seq).toBe(BigInt(count + 1 + doors.indexOf(door)));
    }
    // The very first one again gets the first answer, wherever it lies.
    const event = present((await api.listEvents({ key, pageSize: 1 })).events[0]);
    expect((await api.appendEvent({ key, event })).event).toMatchObject({ id: "e1", seq: 1n });
    const other = newEvent({ id: "e1" });
    expect(await failureOf(api.appendEvent({ key, event: other }))).toMatchObject({
      reason: "EVENT_ID_CONFLICT",
      metadata: { event_id: "e1", seq: "1" },
    });
    const { session } = await api.getSession({ key });
    expect(session).toMatchObject({
      headSeq: BigInt(count + doors.length),
      eventCount: BigInt(count + doors.length),
      state: { last: JSON.stringify(doors.at(-1)) },
    });
  });

  test("sessiond stats", { timeout: sizeTimeout }, async () => {
    const { session } = await subject.client("grpc-js").getSession({ key });
    const { value, ms } = await timed(() => runToEnd(["stats", "--json", "--store", subject.data.url]));
    expect(value).toMatchObject({ code: 0, stderr: "" });
    const events = Number(session?.eventCount);
    expect(JSON.parse(value.stdout)).toMatchObject({
      total: { sessions: 1, events, eventBytes: Number(session?.eventBytes) },
      largest: [{ ...key, events }],
    });
    report(`${store}: sessiond stats over ${count} events`, { "took (ms)": ms });
  });

  test("it is deleted, and nothing of it is left", { timeout: sizeTimeout }, async () => {
    const api = subject.client("grpc-js");
    const { value, ms } = await timed(() => api.deleteSession({ key }, { timeoutMs: sizeTimeout }));
    expect(value.deleted).toBe(true);
    report(`${store}: delete of ${count} events`, { "took (ms)": ms });
    expect((await api.listEvents({ key: { appName: key.appName }, scope: EventScope.APP })).events).toEqual(
      [],
    );
  });
});
