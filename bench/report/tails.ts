/** The published run of the tails benchmark, for the terminal and for docs/performance.md. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aimsOf, type Queries, type TailsRow, type TailsRun } from "../tails/result.ts";
import { aimTable, number, type Table } from "./tables.ts";
import { aligned } from "./terminal.ts";

const published = join(import.meta.dirname, "../results/tails.json");

/** Keeps a run as the published one. */
export function publishTails(run: TailsRun): void {
  writeFileSync(published, `${JSON.stringify(run, null, 1)}\n`);
}

/** The published run, if there is one. */
export function publishedTails(): TailsRun | undefined {
  return existsSync(published) ? (JSON.parse(readFileSync(published, "utf8")) as TailsRun) : undefined;
}

/** Times and memory. */
export function latencyTable({ rows }: TailsRun): Table {
  return {
    head: [
      ...["tails", "arrival p50 ms", "p99 ms", "append p50 ms", "p99 ms", "appends/s", "errors"],
      ...["late p99 ms: server", "receiver", "arrived of", "open after s"],
      ...["resident KiB/tail", "heap KiB/tail"],
    ],
    rows: rows.map((row) => [
      nameOf(row),
      ...[row.p50, row.p99, row.appendP50, row.appendP99, row.rate].map(number),
      row.appendErrors === 0 ? "0" : `**${row.appendErrors}**`,
      ...[row.loopDelay?.tails, row.loopDelay?.load].map(number),
      `${number(row.arrived)} of ${number(row.expected)}`,
      ...[row.openSeconds, row.residentKiB, row.heapKiB].map(number),
    ]),
  };
}

/** What the database is asked, and who uses the cores. */
export function queryTable({ rows }: TailsRun): Table {
  const servers = ({ tails, polls, pollMs, writer, database }: Queries) => [
    number(tails),
    `${number(polls)} of ${number(pollMs)} ms`,
    number(writer),
    number(database),
  ];
  return {
    head: [
      ...["queries/s", "idle: tails' server", "polls", "writer's", "in the database"],
      ...["busy: tails' server", "polls", "writer's", "in the database"],
      ...["cores: tails' server", "writer's", "database", "load", "load average"],
    ],
    rows: rows.map((row) => [
      nameOf(row),
      ...servers(row.idle),
      ...servers(row.busy),
      ...[row.cpu.tails, row.cpu.writer, row.cpu.database, row.cpu.load].map(number),
      `${row.loadBefore} to ${row.loadAfter}`,
    ]),
  };
}

/** A run for a terminal. */
export function tailsText(run: TailsRun): string {
  const tables = [latencyTable(run), queryTable(run), aimTable({ aims: aimsOf(run.rows) })];
  return `\n${tables.map(aligned).join("\n\n").replaceAll("**", "")}\n`;
}

/** What stands above the figures on the page. */
export function tailsMethod({ sessions, rate, seconds, idleSeconds }: TailsRun): string[] {
  return [
    `Tails (\`StreamEvents\` with \`follow\`) are spread evenly over ${sessions} sessions, and ${number(rate)} appends a second of about`,
    `1 KiB go to the sessions in turn, for ${number(seconds)} s, after ${number(idleSeconds)} s without any and a warm-up that is not counted.`,
    "Every row has servers started anew. Tails and appends come from a process each, over grpc-js, at most 200 tails",
    "on a connection, whose flow-control window is 1 MiB as grpc-java's is (HTTP/2's own 64 KiB for 200 tails would make",
    "them wait for each other); `--max-tails`, `--max-tails-per-session` and `--max-concurrent-streams` are raised to make room,",
    "all else is as by default.",
    "",
    "- Same server: tails and appends are on one server, the only one. Second server: the tails are on another server of the same database.",
    "- Arrival is from the sending of an append to the moment when a tail's frame with it is in the hands of the load",
    "  process: the append's own time (also shown) is part of it, and so is what the one process that receives for all tails",
    "  takes to come to the frame, on the same cores as the servers and the database. Each tail counts. Sender and receiver",
    "  read the machine's monotonic clock.",
    "- Late is by how much the event loops of the tails' server and of the receiving process came after the time set for",
    "  them, 99th percentile of looks 10 and 5 ms apart.",
    "- Memory is what the tails' server has with all tails open and idle less what it had before they were opened, both",
    "  right after a collection of garbage, divided by the tails: resident memory, and the heap with its buffers.",
    "- Queries are counted by the servers (`sessiond_store_statement_duration_seconds`; statements that go together are",
    "  one) and by the database (`Questions`, each statement). In the busy part the appends' are among them.",
    "- Cores are CPU time in the busy part by its length, of the two processes of the load together.",
  ];
}

function nameOf({ count, place }: TailsRow): string {
  return `${number(count)}, ${place}`;
}
