/** Checks of numbers: positions, times, page sizes. */
import type { Violations } from "./violations.ts";

/** A seq or revision; undefined where it is absent or wrong. */
export function checkSeq(
  violations: Violations,
  field: string,
  value: bigint | undefined,
): number | undefined {
  if (value === undefined) return undefined;
  if (value < 0n) violations.add(field, "is negative");
  else if (value > BigInt(Number.MAX_SAFE_INTEGER)) violations.add(field, "is beyond 2^53 - 1");
  else return Number(value);
  return undefined;
}

/** Seconds since 1970. */
export function checkTime(violations: Violations, field: string, value: number | undefined): void {
  if (value !== undefined && !Number.isFinite(value)) violations.add(field, "must be a finite number");
}

/** A count that may be 0; undefined where it is absent. */
export function checkCount(violations: Violations, field: string, value: number | undefined): void {
  if (value !== undefined && value < 0) violations.add(field, "is negative");
}

/** The size of a page: 0 means `defaultSize`, more than `maxSize` means that. */
export function checkPageSize(
  violations: Violations,
  value: number,
  defaultSize: number,
  maxSize: number,
): number {
  checkCount(violations, "page_size", value);
  return value === 0 ? defaultSize : Math.min(value, maxSize);
}
