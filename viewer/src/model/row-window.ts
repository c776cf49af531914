/** Rows beyond this would make the list higher than browsers can scroll. */
export const MAX_ROWS = 150_000;

/** Which seqs are rows, both ends included; none where `last` is below `first`. */
export interface RowWindow {
  readonly first: number;
  readonly last: number;
}

/**
 * The rows of a session: all events, or of more than a list can hold the newest, unless `anchor` is an older one: then
 * those around it.
 */
export function rowWindow(
  firstSeq: number,
  headSeq: number,
  anchor: number | undefined,
  max = MAX_ROWS,
): RowWindow {
  const newest = Math.max(firstSeq, headSeq - max + 1);
  const first =
    anchor === undefined || anchor >= newest ? newest : Math.max(firstSeq, anchor - Math.floor(max / 2));
  return { first, last: Math.min(headSeq, first + max - 1) };
}
