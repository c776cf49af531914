/** How much this suite makes: little by default, what documents promise with `SESSIOND_TEST_FULL=1`. */
import { full } from "../support/full-size.ts";

/** Events of the long session. */
export const longHistory = full ? 1_000_000 : 10_000;

/** Sessions of the user who has many. */
export const manySessions = full ? 100_000 : 5_000;

/** Sessions that one client makes at once. */
export const createBurst = full ? 10_000 : 1_000;

/** The time limit of a hook or test over one of these, in milliseconds. */
export const sizeTimeout = full ? 3_600_000 : 120_000;

/** Prints a figure of a run, for the documents. */
export function report(what: string, figures: Readonly<Record<string, string | number>>): void {
  const texts = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`);
  console.log(`${what}: ${texts.join(", ")}`);
}

/** What `work` gives, and how long it took, in milliseconds. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const began = performance.now();
  const value = await work();
  return { value, ms: Math.round(performance.now() - began) };
}
