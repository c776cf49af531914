/** A fault goes by what clients see: when it begins, whether it bites, and when all is well again. */
import { vi } from "vitest";
import type { Random } from "../../store/random.ts";
import type { Attempt } from "../calls.ts";

/** Breaks something, some times over, and ends with everything in order again. */
export type Fault = (random: Random, attempts: readonly Attempt[]) => Promise<void>;

/** How long clients may take to get somewhere while something is broken, in milliseconds. */
const PROGRESS_LIMIT = 60_000;

/** How soon after the repair all must work again by itself, in milliseconds. */
const RECOVERY_LIMIT = 20_000;

/** Resolves once clients have ended some more attempts. */
export async function progress(attempts: readonly Attempt[], count: number): Promise<void> {
  await seen(attempts, count, () => true);
}

/** Resolves once so many attempts that began and ended from now on are as asked for. */
export async function seen(
  attempts: readonly Attempt[],
  count: number,
  wanted: (attempt: Attempt) => boolean,
  timeout = PROGRESS_LIMIT,
): Promise<void> {
  let at = attempts.length;
  // Those under way may have been answered by how things were before; their ticks are older.
  const from = Math.max(-1, ...attempts.map(({ end }) => end));
  let found = 0;
  await vi.waitUntil(
    () => {
      for (; at < attempts.length; at++) {
        const attempt = attempts[at] as Attempt;
        if (attempt.start > from && wanted(attempt)) found++;
      }
      return found >= count;
    },
    { timeout, interval: 2 },
  );
}

/** Whether an attempt wrote, and was told so. */
export function wrote({ call, outcome }: Attempt): boolean {
  return outcome.ok && (call.kind === "append" || call.kind === "setShared");
}

/** What chooses attempts that failed with a reason. */
export function failedWith(reason: string): (attempt: Attempt) => boolean {
  return ({ outcome }) => !outcome.ok && outcome.reason === reason;
}

/** Resolves once writes that began after the repair are answered again. */
export async function recovery(attempts: readonly Attempt[]): Promise<void> {
  await seen(attempts, 6, wrote, RECOVERY_LIMIT);
}
