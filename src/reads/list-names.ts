/** Pages of names: apps, or an app's users. */

/** A page of names. */
export interface NamesPage {
  readonly names: readonly string[];
  /** The name after which the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

/** Reads one more name than the page takes, which tells that there is a next one. */
export async function listNames(
  read: (limit: number) => Promise<readonly string[]>,
  limit: number,
): Promise<NamesPage> {
  const found = await read(limit + 1);
  const names = found.slice(0, limit);
  return { names, next: found.length > limit ? names.at(-1) : undefined };
}
