/** Everything that is measured, in the order of a full run. */
import type { Aim, BenchCase, Results, Service, Side, SideResult } from "./case.ts";
import type { EngineName } from "./lib/database.ts";

/** The parameters of all cases. */
export interface Sizes {
  readonly engine: EngineName;
  /** What large data sets are multiplied by; 1 for the real thing. */
  readonly scale: number;
}

const PEERS = ["sqlspec", "adk"] as const;
/** The same service once more: what two equal sides differ by is noise. */
const AGAIN = "sessiond again";

function python(
  service: Service,
  setup: string,
  parameters: Side["parameters"],
  name: string = service,
): Side {
  return { name, service, worker: "python", setup, parameters };
}

function load(setup: string, parameters: Side["parameters"], name: string): Side {
  return { name, service: "sessiond", worker: "load", setup, parameters };
}

/** sessiond and its peers; with the noise check if asked. */
function all(setup: string, parameters: Side["parameters"], again = false): Side[] {
  const sides = ["sessiond" as const, ...PEERS].map((service) => python(service, setup, parameters));
  return again ? [...sides, python("sessiond", setup, parameters, AGAIN)] : sides;
}

type Figure = "rate" | "p50" | "agentCpu" | "databaseCpu";

function ratio(of: Figure, side: string, other: string) {
  return (results: Results): number | undefined => {
    const [a, b] = [results(side)?.[of], results(other)?.[of]];
    return a === undefined || b === undefined || b === 0 ? undefined : a / b;
  };
}

function figure(of: Figure, side: string) {
  return (results: Results): number | undefined => results(side)?.[of];
}

/** The largest of a fact over the rounds. */
function worst(fact: string, side: string) {
  return (results: Results): number | undefined =>
    maximum(results(side)?.rounds.map((round) => round.facts[fact] ?? 0) ?? []);
}

function maximum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

function errors(side: string) {
  return (results: Results): number | undefined => results(side)?.errors;
}

function smallestPeer(of: Figure) {
  return (results: Results): number | undefined => {
    const own = results("sessiond")?.[of];
    const peers = PEERS.map((peer) => results(peer)?.[of]).filter((value) => value !== undefined);
    return own === undefined || peers.length === 0 ? undefined : own / Math.min(...peers);
  };
}

/** All cases for an engine and a scale. */
export function allCases({ engine, scale }: Sizes): BenchCase[] {
  const sized = (count: number) => Math.max(100, Math.round(count * scale));
  const history = sized(100_000);
  const many = sized(100_000);
  const few = Math.max(100, Math.min(1_000, many));
  const large = Math.min(1_000, many / 10);
  const streamed = sized(1_000_000);
  const lengths = [...new Set([10, 10_000, history])];
  const histories = [...new Set([10, 1_000, history])];
  return [
    {
      name: "append-1",
      title: "Append, one writer",
      operation: "append",
      compares: "p50",
      sides: [
        ...all("append", { writers: 1 }, true).map((side) => ({
          ...side,
          countStatements: side.name === "sessiond",
        })),
        python("sessiond", "empty-rpc", {}, "an empty RPC alone"),
        ...(engine === "sqlite" ? [] : [python("adk", "insert", {}, "a 1 KiB insert alone")]),
      ],
      aims: [
        { text: "p50, to SQLSpec's", value: ratio("p50", "sessiond", "sqlspec"), atMost: 0.85 },
        { text: "p50, to ADK's", value: ratio("p50", "sessiond", "adk"), atMost: 0.4 },
        { text: "agent's CPU, to SQLSpec's", value: ratio("agentCpu", "sessiond", "sqlspec"), atMost: 0.6 },
        {
          text: "database's CPU, to SQLSpec's",
          value: ratio("databaseCpu", "sessiond", "sqlspec"),
          atMost: 1,
          engines: ["mysql", "mariadb"],
        },
      ],
    },
    {
      name: "append-64",
      title: "Append, 64 writers in one Python process",
      operation: "append",
      compares: "rate",
      sides: all("append", { writers: 64 }, true),
      aims: [
        { text: "rate, to SQLSpec's", value: ratio("rate", "sessiond", "sqlspec"), atLeast: 3 },
        { text: "rate, to ADK's", value: ratio("rate", "sessiond", "adk"), atLeast: 8 },
        { text: "agent's CPU, to SQLSpec's", value: ratio("agentCpu", "sessiond", "sqlspec"), atMost: 0.35 },
        {
          text: "database's CPU, to SQLSpec's",
          value: ratio("databaseCpu", "sessiond", "sqlspec"),
          atMost: 0.3,
          engines: ["mysql", "mariadb"],
        },
      ],
    },
    ...[10, 1_000, 10_000].map((events): BenchCase => {
      return {
        name: `get-${events}`,
        title: `Get a session of ${events.toLocaleString("en")} events`,
        operation: "get_session",
        compares: "p50",
        sides: [
          ...all("get", { events }, true),
          python("sessiond", "validate", { events }, "model_validate_json alone"),
        ],
        aims:
          events === 10
            ? []
            : [
                {
                  text: "p50, to model_validate_json alone",
                  value: ratio("p50", "sessiond", "model_validate_json alone"),
                  atMost: events === 1_000 ? 1.6 : 1.4,
                },
              ],
      };
    }),
    {
      name: "newest-20",
      title: "Get the newest 20 of 10,000 events",
      operation: "get_session",
      compares: "p50",
      sides: all("get", { events: 10_000, recent: 20 }),
      aims: [
        {
          text: "p50 in ms, or 0.4 of ADK's",
          value: figure("p50", "sessiond"),
          atMost: 1.3,
          or: (results) => (ratio("p50", "sessiond", "adk")(results) ?? 1) <= 0.4,
        },
      ],
      note: "`newestGiven` is 1 where the last event given was the newest stored, 0 where it was another.",
    },
    ...[10, 10_000].map((events): BenchCase => {
      return {
        name: `turn-${events}`,
        title: `One agent turn (get, 4 appends) at ${events.toLocaleString("en")} events`,
        operation: "turn",
        compares: "p50",
        sides: all("turn", { events, sessions: events === 10 ? 500 : 1 }),
        aims: [{ text: "p50, to the best peer's", value: smallestPeer("p50"), atMost: 0.5 }],
      };
    }),
    {
      name: "list-user",
      title: `List a user's 10 of ${many.toLocaleString("en")} sessions`,
      operation: "list_sessions",
      compares: "p50",
      sides: [
        ...all("list", { sessions: many, what: "user" }),
        python("sessiond", "list", { sessions: few, what: "user" }, "sessiond, few sessions"),
      ],
      aims: [
        { text: "p50 in ms", value: figure("p50", "sessiond"), atMost: 1 },
        {
          text: `p50, to that at ${few.toLocaleString("en")} sessions`,
          value: ratio("p50", "sessiond", "sessiond, few sessions"),
          atMost: 1.2,
        },
      ],
    },
    {
      name: "list-page",
      title: `List a page of 50 of an app's ${many.toLocaleString("en")} sessions`,
      operation: "page",
      compares: "p50",
      sides: [
        ...all("list", { sessions: many, what: "page" }),
        python("sessiond", "list", { sessions: few, what: "page" }, "sessiond, few sessions"),
      ],
      aims: [
        { text: "p50 in ms", value: figure("p50", "sessiond"), atMost: 5 },
        {
          text: `p50, to that at ${few.toLocaleString("en")} sessions`,
          value: ratio("p50", "sessiond", "sessiond, few sessions"),
          atMost: 1.2,
        },
      ],
      note: "sessiond: ListSessions through the generated stub, rows left as messages. SQLSpec: its limit and order by update time. ADK has no pages, so all sessions are listed.",
    },
    {
      name: "app-keys-16",
      title: "16 sessions of one app, each append with a new `app:` key",
      operation: "append",
      compares: "rate",
      sides: all("app-state", { writers: 16, each: 40 }),
      aims: [
        { text: "rate, to ADK's", value: ratio("rate", "sessiond", "adk"), atLeast: 5 },
        { text: "keys lost", value: worst("keysLost", "sessiond"), atMost: 0 },
      ],
      note: "A round is 40 appends of every session, however long they take.",
    },
    {
      name: "one-session-8",
      title: "8 writers on one session, own copies, reload when stale",
      operation: "append that landed",
      compares: "rate",
      sides: all("one-session", { writers: 8, each: 25 }),
      aims: [
        { text: "rate, to ADK's", value: ratio("rate", "sessiond", "adk"), atLeast: 5 },
        { text: "events lost", value: worst("eventsLost", "sessiond"), atMost: 0 },
        { text: "keys lost", value: worst("keysLost", "sessiond"), atMost: 0 },
      ],
      note:
        "A round is 25 appends of every writer, however long they take. `refused` counts appends that were answered " +
        "with an error (stale) and tried again. No latencies are taken.",
    },
    {
      name: "create-burst",
      title: `${sized(10_000).toLocaleString("en")} create_session at once from one client`,
      operation: "create_session",
      compares: "rate",
      sides: all("create-burst", { sessions: sized(10_000) }),
      aims: [{ text: "creates refused", value: errors("sessiond"), atMost: 0 }],
      note: "An app that has no sessions yet. p50 includes the wait for its turn.",
    },
    {
      name: "create",
      title: "Create, one writer",
      operation: "create_session",
      compares: "p50",
      sides: all("create", {}),
      aims: [],
    },
    {
      name: "row",
      title: "Create, append and get in a row",
      operation: "row of three calls",
      compares: "p50",
      sides: all("row", {}),
      aims: [{ text: "p50 in ms", value: figure("p50", "sessiond"), atMost: 10 }],
    },
    {
      name: "append-after",
      title: `Append after ${histories.map((events) => events.toLocaleString("en")).join(", ")} events`,
      operation: "append",
      compares: "p50",
      sides: histories.map((events) =>
        python("sessiond", "append-after", { events }, `after ${events.toLocaleString("en")}`),
      ),
      aims: [
        {
          text: `p50 after ${history.toLocaleString("en")}, to that after 10`,
          value: ratio("p50", `after ${history.toLocaleString("en")}`, "after 10"),
          atMost: 1.1,
        },
      ],
    },
    {
      name: "grpc-load",
      title: "gRPC load generator beside raw inserts",
      note: "Writers have a call for every append, or share calls of AppendToSessions as those of a Python program do. A channel has 64 of them.",
      operation: "append, or insert",
      compares: "rate",
      sides: [
        ...[64, 128, 256].map((writers) => load("append", { writers }, `${writers} writers`)),
        ...[64, 256].map((writers) =>
          load("append", { writers, share: true }, `${writers} writers who share calls`),
        ),
        ...(engine === "sqlite"
          ? []
          : [
              {
                name: "raw inserts, 64 clients",
                service: "none",
                worker: "raw",
                setup: "inserts",
                parameters: { clients: 64 },
              } as const,
            ]),
      ],
      aims: [
        {
          text: "the best of 64 to 256 writers, to raw inserts",
          value: (results) => {
            const names = [64, 128, 256].map((writers) => `${writers} writers`);
            const sharing = [64, 256].map((writers) => `${writers} writers who share calls`);
            const best = maximum([...names, ...sharing].map((name) => results(name)?.rate ?? 0));
            const raw = results("raw inserts, 64 clients")?.rate;
            return best === undefined || raw === undefined ? undefined : best / raw;
          },
          atLeast: engine === "mariadb" ? 1 / 3 : 0.5,
          engines: ["mysql", "mariadb"],
        },
      ],
    },
    {
      name: "first-frame",
      title: "First frame of a stream",
      note: "Each stream is cancelled at its first frame, and the CPU figures include what follows from that.",
      operation: "open a stream",
      compares: "p50",
      sides: lengths.map((events) =>
        load("first-frame", { events }, `${events.toLocaleString("en")} events`),
      ),
      aims: lengths.map(
        (events): Aim => ({
          text: `p50 in ms at ${events.toLocaleString("en")} events`,
          value: figure("p50", `${events.toLocaleString("en")} events`),
          atMost: 5,
        }),
      ),
    },
    {
      name: "stream-memory",
      title: `Server memory while ${streamed.toLocaleString("en")} events stream`,
      operation: "whole history",
      compares: "p50",
      sides: [load("stream", { events: streamed, readers: 1 }, "one reader")],
      watchMemory: true,
      aims: [
        {
          text: "resident MiB above those at rest, one stream",
          value: (results) => memoryGrowth(results("one reader"), 1),
          atMost: 32,
        },
        {
          text: "the same, one stream after another",
          value: (results) => memoryGrowth(results("one reader")),
          atMost: 32,
        },
      ],
      note: "At rest: the server just started, before its first call. The reader is as fast as it can be.",
    },
    {
      name: "append-8",
      title: "Append, 8 writers in one Python process",
      operation: "append",
      compares: "rate",
      sides: all("append", { writers: 8 }),
      aims: [],
    },
    {
      name: "append-256",
      title: "Append, 256 writers in one Python process",
      operation: "append",
      compares: "rate",
      sides: all("append", { writers: 256 }),
      aims: [],
    },
    {
      name: "list-user-1000",
      title: `List a user's ${large.toLocaleString("en")} of ${many.toLocaleString("en")} sessions`,
      operation: "list_sessions",
      compares: "p50",
      sides: all("list", { sessions: many, what: "user", each: large }),
      aims: [],
    },
    {
      name: "list-all",
      title: `List all of an app's ${many.toLocaleString("en")} sessions`,
      operation: "list_sessions",
      compares: "p50",
      sides: all("list", { sessions: many, what: "all" }),
      aims: [],
    },
  ];
}

function memoryGrowth(side: SideResult | undefined, rounds = Number.POSITIVE_INFINITY): number | undefined {
  const counted = side?.rounds.slice(0, rounds) ?? [];
  const memory = counted.map((round) => round.memory).filter((one) => one !== undefined);
  const first = memory[0];
  return first === undefined ? undefined : Math.max(...memory.map((one) => one.peak)) - first.before;
}
