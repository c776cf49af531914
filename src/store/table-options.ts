/** Options of tables where an engine has them: how rows are packed, encrypted and counted. */

/** What may be set: nothing by which texts compare, keys shorten, or a commit is worth less. */
const ALLOWED: ReadonlyMap<string, RegExp> = new Map([
  ["ROW_FORMAT", /^(DYNAMIC|COMPRESSED)$/i],
  ["KEY_BLOCK_SIZE", /^(1|2|4|8|16)$/],
  ["COMPRESSION", /^'(zlib|lz4|none)'$/i],
  ["PAGE_COMPRESSED", /^[01]$/],
  ["PAGE_COMPRESSION_LEVEL", /^[1-9]$/],
  ["ENCRYPTION", /^'[YN]'$/i],
  ["ENCRYPTED", /^(YES|NO)$/i],
  ["ENCRYPTION_KEY_ID", /^\d{1,9}$/],
  ["STATS_PERSISTENT", /^(DEFAULT|0|1)$/i],
  ["STATS_AUTO_RECALC", /^(DEFAULT|0|1)$/i],
  ["STATS_SAMPLE_PAGES", /^(DEFAULT|\d{1,5})$/i],
  ["COMMENT", /^'[\w .:;/()-]{0,200}'$/],
]);

/** Options by name, as they are written. */
export type TableOptions = Readonly<Record<string, string>>;

/** Reads `ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8`. @throws Error that says what form it should have */
export function parseTableOptions(text: string): TableOptions {
  const options = new Map<string, string>();
  const one = /\s*([A-Za-z_]+)\s*=\s*('[^']*'|\w+)(?=\s|$)\s*/y;
  while (one.lastIndex < text.length) {
    const [, name = "", value = ""] = one.exec(text) ?? [];
    const key = name.toUpperCase();
    if (ALLOWED.get(key)?.test(value) !== true) {
      throw new Error(
        `takes TABLE=OPTION=VALUE OPTION=VALUE…; an OPTION is one of ${[...ALLOWED.keys()].join(", ")}`,
      );
    }
    if (options.has(key)) throw new Error(`says ${key} twice`);
    options.set(key, value);
  }
  if (options.size === 0) throw new Error("takes TABLE=OPTION=VALUE…");
  return Object.fromEntries(options);
}
