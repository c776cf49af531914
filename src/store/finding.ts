/** What `sessiond doctor` finds, and how a check says it. */

/** How a check ended: as it should be, worth a change, or in the way of work. */
export type FindingLevel = "ok" | "warn" | "fail";

/** The result of one check. */
export interface Finding {
  /** The check's name, the same in every version: `isolation`. */
  readonly check: string;
  readonly level: FindingLevel;
  /** What is there, in one line. */
  readonly found: string;
  /** What to do; empty where nothing is to be done. */
  readonly advice: string;
}

export function ok(check: string, found: string): Finding {
  return { check, level: "ok", found, advice: "" };
}

export function warn(check: string, found: string, advice: string): Finding {
  return { check, level: "warn", found, advice };
}

export function fail(check: string, found: string, advice: string): Finding {
  return { check, level: "fail", found, advice };
}

/** A failure of a check itself, as a finding. */
export function failed(check: string, error: unknown): Finding {
  const text = error instanceof Error ? error.message : String(error);
  return fail(check, text, "See the message; the checks that need this were left out.");
}
