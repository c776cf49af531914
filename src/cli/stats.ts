/** `sessiond stats`. */
import { loadConfig } from "../config/load.ts";
import { UsageError } from "../config/usage.ts";
import { createLog } from "../log.ts";
import { engineFor } from "../store/open.ts";
import type { AppStats, SessionCounts, StoreStats } from "../store/stats.ts";
import { takeSwitch, takeValue } from "./flags.ts";
import { engineOptions } from "./migrate.ts";

const DEFAULT_LARGEST = 10;
const MOST_LARGEST = 1_000;

/** Counts what the store has and prints it. @throws UsageError, StartError */
export async function stats(given: readonly string[]): Promise<void> {
  const json = takeSwitch("--json", { args: given });
  const estimate = takeSwitch("--estimate", json);
  const app = takeValue("--app", "NAME", estimate);
  const largest = takeValue("--largest", "N", app);
  const config = loadConfig(largest.args, process.env);
  const engine = engineFor(config.store);
  const options = {
    ...engineOptions(config, createLog(config)),
    appName: app.value,
    largest: readLargest(largest.value),
    estimate: estimate.given,
  };
  const found = await engine.stats(config.store, options);
  const store = engine.displayUrl(config.store);
  process.stdout.write(json.given ? jsonOf(store, found) : textOf(store, found, Date.now()));
}

function readLargest(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LARGEST;
  const number = /^\d{1,4}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= MOST_LARGEST)) {
    throw new UsageError(`--largest is a whole number up to ${MOST_LARGEST}, not ${JSON.stringify(value)}`);
  }
  return number;
}

function totalOf(apps: readonly AppStats[]): SessionCounts | undefined {
  let total: SessionCounts = { sessions: 0, events: 0, eventBytes: 0 };
  for (const { counts } of apps) {
    if (counts === undefined) return undefined;
    total = {
      sessions: total.sessions + counts.sessions,
      events: total.events + counts.events,
      eventBytes: total.eventBytes + counts.eventBytes,
    };
  }
  return total;
}

function jsonOf(store: string, { apps, largest, storage }: StoreStats): string {
  const answer = {
    store,
    total: totalOf(apps),
    apps: apps.map(({ appName, counts, ...times }) => ({ appName, ...counts, ...times })),
    largest,
    storage,
  };
  return `${JSON.stringify(answer, null, 2)}\n`;
}

function textOf(store: string, { apps, largest, storage }: StoreStats, nowMs: number): string {
  const total = totalOf(apps);
  const perApp =
    apps.length === 0
      ? "no sessions\n"
      : table(
          ["app", "sessions", "events", "bytes", "oldest", "last change"],
          apps.map(({ appName, counts, oldestCreateMicros, newestUpdateMicros }) => [
            appName,
            ...(counts === undefined ? ["", "", ""] : countsOf(counts)),
            age(oldestCreateMicros, nowMs),
            age(newestUpdateMicros, nowMs),
          ]),
        );
  const sum =
    total === undefined || apps.length < 2
      ? ""
      : `in all: ${["sessions", "events", "bytes"].map((unit, at) => `${countsOf(total)[at]} ${unit}`).join(", ")}\n`;
  const sessions = table(
    ["largest session", "events", "bytes", "last change"],
    largest.map((session) => [
      `${session.appName} / ${session.userId} / ${session.sessionId}`,
      number(session.events),
      size(session.eventBytes),
      age(session.updateMicros, nowMs),
    ]),
  );
  const about = (text: string, estimated: boolean) => (estimated && text !== "" ? `about ${text}` : text);
  const places = table(
    ["storage, with indexes", "rows", "bytes"],
    storage.map(({ name, rows, bytes, estimated }) => [
      name,
      about(rows === undefined ? "" : number(rows), estimated),
      about(size(bytes), estimated),
    ]),
  );
  return [store, `${perApp}${sum}`, sessions, places]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

function countsOf({ sessions, events, eventBytes }: SessionCounts): string[] {
  return [number(sessions), number(events), size(eventBytes)];
}

/** Columns under their heads, the first to the left and the others to the right; empty without rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const widths = head.map((cell, at) => Math.max(cell.length, ...rows.map((row) => (row[at] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function size(bytes: number): string {
  for (const [unit, length] of [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const) {
    if (bytes >= length) return `${(bytes / length).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

function age(micros: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round(nowMs / 1000 - micros / 1e6));
  for (const [unit, length] of [
    ["days", 86_400],
    ["h", 3_600],
    ["min", 60],
  ] as const) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit} ago`;
  }
  return `${seconds} s ago`;
}
