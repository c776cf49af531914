/** Values as this engine's columns have them. */

/** The columns that `toMark` wants. */
export const MARK_COLUMNS = "id, timestamp, seq, revision, create_time, digest";

/** A presence-carrying boolean as a column. */
export function toFlag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}

/** A payload as a column: NULL is none. */
export function toPayload(text: string): string | null {
  return text === "" ? null : text;
}

/** Times that date functions show: the years 1 to 9999, in microseconds. */
const MIN_SHOWN = -62_135_596_800_000_000;
const MAX_SHOWN = 253_402_300_799_000_000;

/** A time in seconds as microseconds for people, clamped to what date functions show. */
export function toShownMicros(seconds: number): number {
  return Math.min(MAX_SHOWN, Math.max(MIN_SHOWN, Math.round(seconds * 1e6)));
}
