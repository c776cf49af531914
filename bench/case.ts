/** What a case of the benchmark is, and what comes of one. */
import type { EngineName, StatementTimes } from "./lib/database.ts";
import type { RoundReport } from "./lib/worker.ts";

/** The service or tool that a side measures. */
export type Service = "sessiond" | "adk" | "sqlspec" | "none";

/** One of those that are compared in a case. */
export interface Side {
  /** Its name in the case, unique there. */
  readonly name: string;
  readonly service: Service;
  /** Python: through the Python client. load: the gRPC load generator. raw: inserts by C clients. */
  readonly worker: "python" | "load" | "raw";
  /** What its worker is asked to prepare; nothing for raw inserts. */
  readonly setup: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Counts statement times in the database, where it can. */
  readonly countStatements?: boolean;
}

/** A round of a side with what its processes used. */
export interface SideRound extends RoundReport {
  /** CPU seconds of sessiond's and the database's process in the round. */
  readonly serverCpu: number | undefined;
  readonly databaseCpu: number | undefined;
  readonly statements: StatementTimes | undefined;
  /** Resident memory of sessiond before the round and its peak in it, in MiB; where the case asks for it. */
  readonly memory?: { readonly before: number; readonly peak: number };
}

/** A side's rounds and the medians of them. */
export interface SideResult {
  readonly name: string;
  /** By what, where that depends on the machine. */
  readonly by?: string;
  /** Why it could not be measured. */
  readonly failed?: string;
  readonly facts: Readonly<Record<string, number>>;
  readonly rounds: readonly SideRound[];
  /** Operations a second. */
  readonly rate: number | undefined;
  /** Milliseconds. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** CPU milliseconds an operation. */
  readonly agentCpu: number | undefined;
  readonly serverCpu: number | undefined;
  readonly databaseCpu: number | undefined;
  readonly errors: number;
}

/** The sides of a case by name; asking for one that failed gives undefined figures. */
export type Results = (side: string) => SideResult | undefined;

/** What is aimed at: a figure made of a case's results, and its bound. */
export interface Aim {
  readonly text: string;
  readonly value: (results: Results) => number | undefined;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Another way to meet it. */
  readonly or?: (results: Results) => boolean;
  /** The engines it holds for; all if absent. */
  readonly engines?: readonly EngineName[];
}

/** Something that is measured. */
export interface BenchCase {
  readonly name: string;
  readonly title: string;
  /** What one operation is. */
  readonly operation: string;
  /** What the summary compares: operations a second, or the median time of one. */
  readonly compares: "rate" | "p50";
  readonly sides: readonly Side[];
  readonly aims: readonly Aim[];
  /** Said under its table. */
  readonly note?: string;
  /** The rounds in place of the run's. */
  readonly rounds?: number;
  /** Gives it a server of its own, started anew after the setup, whose memory is watched. */
  readonly watchMemory?: boolean;
}

/** An aim with what came out. */
export interface AimResult {
  readonly text: string;
  readonly value: number | undefined;
  readonly met: boolean | undefined;
}

/** A case as it was measured. */
export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly operation: string;
  readonly compares: "rate" | "p50";
  readonly note?: string;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly sides: readonly SideResult[];
  readonly aims: readonly AimResult[];
}
