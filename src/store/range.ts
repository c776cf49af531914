/** Bounds of reads that engines share. */

/** The first rows that weigh at most `maxBytes` together, and at least one if there is one. */
export function fittingRows<Row extends { readonly bytes: number }>(
  rows: readonly Row[],
  maxBytes: number,
): readonly Row[] {
  let bytes = 0;
  const over = rows.findIndex((row, at) => {
    bytes += row.bytes;
    return at > 0 && bytes > maxBytes;
  });
  return over === -1 ? rows : rows.slice(0, over);
}
