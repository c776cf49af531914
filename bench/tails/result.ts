/** What the tails benchmark measures. */
import type { AimResult } from "../case.ts";
import type { EngineName } from "../lib/database.ts";
import type { Machine } from "../lib/machine.ts";

/** Where the tails are: on the server that takes the appends, or on another one of the same database. */
export const places = ["same server", "second server"] as const;
export type Place = (typeof places)[number];

/** What is sent to the database in a second. */
export interface Queries {
  /** By the server that has the tails, and by the one that takes the appends where that is another; those that go
   * together count as one. */
  readonly tails: number;
  readonly writer: number | undefined;
  /** As the database counts, from both. */
  readonly database: number;
  /** Of the tails' server: how often it asked which sessions moved, and how many milliseconds that took on average. */
  readonly polls: number;
  readonly pollMs: number;
}

/** So many tails in a place. Times are milliseconds, CPU is cores in use while busy. */
export interface TailsRow {
  readonly count: number;
  readonly place: Place;
  readonly p50: number | null;
  readonly p99: number | null;
  /** From an append's sending to its answer. */
  readonly appendP50: number | null;
  readonly appendP99: number | null;
  /** Appends that were answered in a second. */
  readonly rate: number;
  readonly appendErrors: number;
  /** Events that came to tails, and that had to. */
  readonly arrived: number;
  readonly expected: number;
  /** Seconds until all tails were open and had caught up. */
  readonly openSeconds: number;
  /** KiB of the server for each tail: resident, and heap with buffers. */
  readonly residentKiB: number;
  readonly heapKiB: number;
  readonly idle: Queries;
  readonly busy: Queries;
  readonly cpu: {
    readonly tails: number | undefined;
    readonly writer: number | undefined;
    readonly database: number | undefined;
    /** Both processes of the load. */
    readonly load: number;
  };
  /** How late event loops were while busy, 99th percentile: the tails' server's, and that of the process with the tails. */
  readonly loopDelay?: { readonly tails: number; readonly load: number };
  readonly loadBefore: number;
  readonly loadAfter: number;
}

/** A run with everything that its figures depend on. */
export interface TailsRun {
  readonly startedAt: string;
  readonly command: string;
  readonly commit: string;
  readonly engine: EngineName;
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly machine: Machine;
  readonly node: string;
  readonly sessions: number;
  /** Appends a second. */
  readonly rate: number;
  readonly idleSeconds: number;
  readonly seconds: number;
  readonly note?: string;
  readonly rows: readonly TailsRow[];
}

/** The counts of tails that aims are set for: up to so many. */
const AIMED_TAILS = 1_000;

/** The aims with what came out; the slowest of the rows they hold for decides. */
export function aimsOf(rows: readonly TailsRow[]): AimResult[] {
  const aimed = rows.filter(({ count }) => count <= AIMED_TAILS);
  const of = (place: Place) => aimed.filter((row) => row.place === place);
  const aim = (text: string, values: readonly (number | null)[], bound: number): AimResult => {
    const known = values.filter((value) => value !== null);
    const value = known.length === 0 ? undefined : Math.max(...known);
    return { text: `${text}: ${bound}`, value, met: value === undefined ? undefined : value <= bound };
  };
  return [
    aim(
      "append to arrival on the same server, p99 ms, at most",
      of("same server").map((row) => row.p99),
      50,
    ),
    aim(
      "append to arrival through a second server, p99 ms, at most",
      of("second server").map((row) => row.p99),
      300,
    ),
    aim(
      "KiB of an idle tail, resident or heap, whichever is more, at most",
      aimed.map((row) => Math.max(row.residentKiB, row.heapKiB)),
      64,
    ),
    aim(
      "events too few or too many at all tails, at most",
      rows.map((row) => Math.abs(row.expected - row.arrived)),
      0,
    ),
  ];
}
