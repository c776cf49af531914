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

/** An error as a finding: its first sentence says what is there, the rest what to do. */
export function failed(check: string, error: Error): Finding {
  const { message } = error;
  const at = message.search(/\. (?=[A-Z])/);
  return at < 0 ? fail(check, message, "") : fail(check, message.slice(0, at + 1), message.slice(at + 2));
}
