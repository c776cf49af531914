/** Many calls, so many of them at a time. */

/** Calls `work` with 0 to `count` - 1, at most `width` calls in flight; the first failure ends it. */
export async function inFlight(
  count: number,
  width: number,
  work: (at: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  async function lane(): Promise<void> {
    while (next < count) await work(next++);
  }
  await Promise.all(Array.from({ length: width }, lane));
}
