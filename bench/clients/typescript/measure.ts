/**
 * Times appends and reads of the TypeScript client beside ADK's own SQL session service, taking turns in one run.
 * bench/clients/typescript.ts starts the servers that it needs: `measure.ts TARGET MYSQL_URL [ROUNDS]`.
 */
import {
  type BaseSessionService,
  createEvent,
  createEventActions,
  DatabaseSessionService,
} from "@google/adk";
import { MySqlDriver } from "@mikro-orm/mysql";
import { SessiondSessionService } from "sessiond-client/adk";

const appName = "bench";
const userId = "u";
const writers = 16;
const history = 1000;

const [target = "", clientUrl = "", rounds = "5"] = process.argv.slice(2);

/** One side of the comparison. */
interface Side {
  readonly name: string;
  readonly service: BaseSessionService;
  /** The id of a session that has a history. */
  long: string;
}

type Figure = (side: Side) => Promise<number>;

function create({ service }: Side) {
  const state = Object.fromEntries(
    Array.from({ length: 10 }, (_, key) => [`key${key}`, "a value of some length"]),
  );
  return service.createSession({ appName, userId, state });
}

/** An event of about 1 KiB of JSON. */
function event() {
  const content = { role: "model", parts: [{ text: "lorem ipsum ".repeat(70) }] };
  const actions = createEventActions({ stateDelta: { key1: "another value" } });
  return createEvent({ invocationId: "e-bench", author: "agent", content, actions });
}

/** The median time of a call in ms. */
async function p50(times: number, call: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) {
    const begin = performance.now();
    await call();
    taken.push(performance.now() - begin);
  }
  return median(taken);
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function appendOne(side: Side): Promise<number> {
  const session = await create(side);
  return p50(200, () => side.service.appendEvent({ session, event: event() }));
}

async function appendMany(side: Side): Promise<number> {
  const each = 60;
  const begin = performance.now();
  const write = async () => {
    const session = await create(side);
    for (let time = 0; time < each; time++) await side.service.appendEvent({ session, event: event() });
  };
  await Promise.all(Array.from({ length: writers }, write));
  return ((writers * each) / (performance.now() - begin)) * 1000;
}

function get(numRecentEvents: number | undefined, times: number): Figure {
  return ({ service, long: sessionId }) =>
    p50(times, async () => {
      const config = numRecentEvents === undefined ? {} : { numRecentEvents };
      const found = await service.getSession({ appName, userId, sessionId, config });
      const [count, wanted] = [found?.events.length, numRecentEvents ?? history];
      if (count !== wanted) throw new Error(`${count} events, not ${wanted}`);
    });
}

const cases: readonly [string, Figure][] = [
  ["append, one writer: p50 in ms", appendOne],
  [`append, ${writers} writers with a session each: events a second`, appendMany],
  [`get all ${history} events: p50 in ms`, get(undefined, 7)],
  [`get the newest 20 of ${history} events: p50 in ms`, get(20, 50)],
];

const sessiond = new SessiondSessionService(target);
// A connection for each writer, as sessiond's server has enough, too.
const adk = new DatabaseSessionService({ driver: MySqlDriver, clientUrl, pool: { min: 0, max: writers } });
const sides: Side[] = [
  { name: "sessiond", service: sessiond, long: "" },
  { name: "adk database", service: adk, long: "" },
];
for (const side of sides) {
  const session = await create(side);
  side.long = session.id;
  for (let count = 0; count < history; count++) await side.service.appendEvent({ session, event: event() });
}
for (const [name, figure] of cases) {
  const figures = new Map<string, number[]>(sides.map((side) => [side.name, []]));
  // The first round warms up.
  for (let round = 0; round <= Number(rounds); round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      try {
        const value = await figure(side);
        if (round > 0) figures.get(side.name)?.push(value);
      } catch (error) {
        console.log(`${name}, ${side.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  for (const [side, values] of figures) {
    const shown = values.map((value) => value.toFixed(2)).join(" · ");
    console.log(`| ${name} | ${side} | ${median(values).toFixed(2)} | ${shown} |`);
  }
}
// ADK's service has no close, and its pool would keep the process alive.
process.exit();
