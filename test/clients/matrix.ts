/** Each language writes an event for every row; each reads it, and what it read is what the row says. */
import { create } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, test } from "vitest";
import { EventSchema } from "../../gen/ts/sessiond/v1/event_pb.ts";
import { differences, parse, stringify } from "./exact.ts";
import { type Language, languages } from "./languages.ts";
import { around, fromAdk, fromWire, type Normal, toAdk, updateTime, valueAt, without } from "./normal.ts";
import type { Key } from "./peer.ts";
import { nothing, type Reading, type Row } from "./row.ts";
import { foreignRows, written } from "./rows/index.ts";
import type { Setting } from "./support.ts";

type Writer = Language | "stubs";

/** The event that has nothing but what every event of these tests has. */
const blank: Row = { field: "nothing", at: ["author"], value: "agent", known: languages };
const rows = [blank, ...written.flatMap((table) => table.rows)];

/** What a session has, for one reader. */
interface Contents {
  readonly events: readonly Normal[];
  readonly state: unknown;
  /** Of the last update, in seconds. */
  readonly time: number;
}

/** The fields of the tables that a language's ADK has, by the object that they are of. */
function inTheTable(language: Language): Record<"event" | "actions" | "part", Set<string>> {
  const known = rows.filter((row) => row.known.includes(language));
  return {
    event: new Set(["id", "actions", ...known.map(({ at }) => String(at[0]))]),
    actions: new Set(known.filter(({ at }) => at[0] === "actions").map(({ at }) => String(at[1]))),
    part: new Set(known.flatMap(({ field }) => /^content\.parts\[\]\.(\w+)/.exec(field)?.[1] ?? [])),
  };
}

/** Four languages and the stubs write, four languages and the stubs read. */
export function matrixTests(setting: () => Setting): void {
  test.for(languages)("the table has the fields that the ADK for %s declares", async (language) => {
    const declared = await setting().peers[language].declared();
    const table = inTheTable(language);
    for (const of of ["event", "actions", "part"] as const) {
      expect([...table[of]].toSorted(), of).toEqual(declared[of].toSorted());
    }
  });

  for (const writer of languages) {
    describe(`what ${writer} writes`, () => {
      const mine = rows.filter((row) => writersOf(row).includes(writer));
      const events = mine.map((row) => stringify(toAdk(writer, eventOf(row, writer))));
      let stored: readonly Normal[];

      beforeAll(async () => {
        await setting().peers[writer].write(keyOf(writer), events);
        stored = await storedEvents(setting(), writer);
      });

      test("is stored as the table says", () => {
        expect(stored.map(({ id }) => id)).toEqual(mine.map(idOf));
        const found = mine.flatMap((row, index) =>
          differences(absent(sent(row, writer)), valueAt(stored[index], row.at), row.field),
        );
        expect(found).toEqual([]);
      });

      test("comes back to it as it was", async () => {
        const unequal = await setting().peers[writer].unequal(keyOf(writer), events);
        expect(unequal).toEqual(mine.filter((row) => row.becomes !== undefined).map(idOf));
      });

      for (const reader of languages) {
        test(`is read by ${reader}`, async () => {
          const contents = await readBy(setting(), reader, writer);
          expect(wrong(mine, contents, reader, writer)).toEqual([]);
          expect(contents.time, "the session's last update").toBe(stored.at(-1)?.["timestamp"]);
        });
      }

      test("is not changed by its readers", async () => {
        expect(await storedEvents(setting(), writer)).toEqual(stored);
      });
    });
  }

  describe("what none of them wrote", () => {
    beforeAll(async () => {
      const { appName, userId, sessionId } = wireKey("stubs");
      const key = { appName, userId, sessionId };
      await setting().stubs.createSession({ key });
      for (const row of foreignRows) {
        const event = create(EventSchema, { id: idOf(row), timestamp: 1_742_000_000.5, ...row.message });
        await setting().stubs.appendEvent({ key, event });
      }
    });

    for (const reader of languages) {
      test(`is read by ${reader}`, async () => {
        const { events } = await readBy(setting(), reader, "stubs");
        const found = foreignRows.flatMap((row, index) =>
          differences(absent(expected(row, reader, "stubs")), valueAt(events[index], row.at), row.field),
        );
        expect(found).toEqual([]);
      });
    }
  });
}

/** What a reader has that the table does not say. */
function wrong(
  mine: readonly Row[],
  { events, state }: Contents,
  reader: Language,
  writer: Language,
): string[] {
  const base = events[0] ?? {};
  const inEvents = mine.flatMap((row, index) => {
    const event = events[index] ?? {};
    return [
      ...differences(absent(expected(row, reader, writer)), valueAt(event, row.at), row.field),
      // Beside what the row is about, every event is as the one that has nothing.
      ...differences(without(base, row.at), without(event, row.at), `${row.field}, beside it`),
    ];
  });
  // The last event that sets a key decides.
  const keys = new Map(mine.filter(({ at }) => at[1] === "stateDelta").map((row) => [row.at[2], row]));
  const merged = Object.fromEntries(
    [...keys].map(([key, row]) => [key, absent(row.state?.[reader] ?? expected(row, reader, writer))]),
  );
  return [...inEvents, ...differences(merged, state, "the session's state")];
}

function writersOf(row: Row): readonly Language[] {
  return row.writers ?? row.known;
}

function idOf(row: Row): string {
  return row.at[0] === "id" ? String(row.value) : `event of: ${row.field}`;
}

function eventOf(row: Row, writer: Language): Normal {
  return around(idOf(row), row.at, row.built?.[writer] ?? row.value);
}

/** What goes over the wire. */
function sent(row: Row, writer: Writer): unknown {
  return writer !== "stubs" && row.wire && writer in row.wire ? row.wire[writer] : row.value;
}

/** What a language reads. TypeScript keeps what its ADK does not declare. */
function expected(row: Row, reader: Language, writer: Writer): unknown {
  const value = sent(row, writer);
  if (row.read && reader in row.read) {
    const read = row.read[reader];
    return typeof read === "function" && value !== nothing ? (read as Reading)(value) : read;
  }
  return row.known.includes(reader) || reader === "typescript" ? value : nothing;
}

function absent(value: unknown): unknown {
  return value === nothing ? undefined : value;
}

function keyOf(writer: Writer): Key {
  // `app:` and `user:` state is each writer's own.
  return { app: `matrix-${writer}`, user: "ann", session: "everything" };
}

function wireKey(writer: Writer) {
  const { app, user, session } = keyOf(writer);
  return { appName: app, userId: user, sessionId: session };
}

async function storedEvents({ stubs }: Setting, writer: Writer): Promise<Normal[]> {
  const { events } = await stubs.listEvents({ key: wireKey(writer), pageSize: 1000 });
  return events.map(fromWire);
}

async function readBy({ peers }: Setting, reader: Language, writer: Writer): Promise<Contents> {
  const { events, state, time } = await peers[reader].read(keyOf(writer));
  return {
    events: events.map((text) => fromAdk(reader, text)),
    state: parse(state),
    time: updateTime(reader, time),
  };
}
