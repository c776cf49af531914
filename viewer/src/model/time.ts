/** Times and durations as people read them. */
import type { Timestamp } from "@bufbuild/protobuf/wkt";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** The time of day of seconds since 1970; a time that no calendar has shows as its number. */
export function timeOfDay(seconds: number): string {
  return format(clock, seconds);
}

export function dayOf(seconds: number): string {
  return format(day, seconds);
}

export function fullTime(seconds: number): string {
  return `${format(full, seconds)} (${seconds})`;
}

function format(formatter: Intl.DateTimeFormat, seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : formatter.format(date);
}

/** A duration such as `320 ms`, `4.2 s`, `3 min 5 s` or `2 d 3 h`. */
export function duration(seconds: number): string {
  const abs = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (abs < 1) return `${sign}${Math.round(abs * 1000)} ms`;
  if (abs < 60) return `${sign}${abs.toFixed(1)} s`;
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ] as const;
  let rest = Math.round(abs);
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    if (parts.length === 2) break;
  }
  return `${sign}${parts.join(" ")}`;
}

/** How long ago, roughly: `now`, `5 min`, `3 h`, `2 d`, or the day. */
export function ago(time: Timestamp | undefined, nowMs: number): string {
  if (time === undefined) return "";
  const seconds = Math.max(0, nowMs / 1000 - Number(time.seconds));
  if (seconds < 45) return "now";
  if (seconds < 3_600) return `${Math.max(1, Math.round(seconds / 60))} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h`;
  if (seconds < 7 * 86_400) return `${Math.round(seconds / 86_400)} d`;
  return dayOf(Number(time.seconds));
}

/** Bytes as `12 B`, `3.4 KiB`, `5.6 MiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const kib = count / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
