/**
 * Indexes over the values of single keys of sessions' own state: what an operator asks for,
 * and the names that follow, the same on every engine. The table of session states has two
 * generated columns for such a key, NULL in the rows of other keys, each with an index:
 * `state_…` has the value as a type of SQL's, for people, and NULL where it is none of that
 * type; `hash_…` has the value's hash, by which ListSessions compares JSON values exactly.
 */
import { createHash } from "node:crypto";
import { StartError } from "./errors.ts";
import { APP_PREFIX, TEMP_PREFIX, USER_PREFIX } from "./state.ts";

/** How a value can stand in its column. */
export const STATE_INDEX_TYPES = ["text", "integer", "number", "boolean"] as const;
export type StateIndexType = (typeof STATE_INDEX_TYPES)[number];

/** An index over a state key. */
export interface StateIndex {
  readonly stateKey: string;
  readonly type: StateIndexType;
  /** The column with the value as the type; its index has the same name, or ends in it. */
  readonly column: string;
  /** The same of the value's hash. */
  readonly hashColumn: string;
}

/** An index as `list` tells of it. */
export interface StateIndexEntry extends StateIndex {
  /** Rows of the key; one more than `MOST_COUNTED` stands for more. */
  readonly rows: number;
  /** Those of the rows whose value is of the type. */
  readonly typed: number;
}

/** What was made or removed, or with `dryRun` would be. */
export interface StateIndexChange extends StateIndex {
  /** The table, by its name here. */
  readonly table: string;
  /** The statements, as a person could run them. */
  readonly sql: readonly string[];
}

/** What an engine with such indexes does for `sessiond index`; all on a schema that is up to date. */
export interface StateIndexes<Options> {
  /** @throws StartError if the key cannot have one or has one */
  add(
    url: string,
    options: Options & { readonly stateKey: string; readonly type: StateIndexType; readonly dryRun: boolean },
  ): Promise<StateIndexChange>;
  list(url: string, options: Options): Promise<StateIndexEntry[]>;
  /** @throws StartError if the key has none */
  drop(
    url: string,
    options: Options & { readonly stateKey: string; readonly dryRun: boolean },
  ): Promise<StateIndexChange>;
}

/** `list` counts no more rows of a key than this. */
export const MOST_COUNTED = 100_000;

/**
 * ListSessions goes by a value's index if so many sessions of the scope have the value at
 * most; it reads and sorts all of them for a page. Of a value that more have, a page is
 * soon full when sessions are read in the list's order.
 */
export const MOST_CANDIDATES = 2_000;

/** The longest text that a `state_…` column has, in characters. */
export const MAX_INDEXED_TEXT = 191;
/** The longest JSON of such a text: every character two escapes of UTF-16, and the quotes. */
export const MAX_INDEXED_TEXT_JSON = MAX_INDEXED_TEXT * 12 + 12;
/** The longest JSON of a number or a boolean that is looked at, in characters. */
export const MAX_INDEXED_SCALAR_JSON = 64;

/** A key is told in a comment of the schema, whose length servers limit. */
const MAX_KEY_BYTES = 128;
const LONGEST_PLAIN = 40;

/** Why a key can have no index; undefined if it can. */
export function stateKeyProblem(stateKey: string): string | undefined {
  const shared = [USER_PREFIX, APP_PREFIX].find((prefix) => stateKey.startsWith(prefix));
  if (shared !== undefined) {
    return `is state that sessions share (${shared}); indexes are over keys of a session's own state`;
  }
  if (stateKey.startsWith(TEMP_PREFIX)) return `begins with ${TEMP_PREFIX} and is never stored`;
  if (stateKey === "" || stateKey.includes("\0") || !stateKey.isWellFormed()) return "is no key of state";
  if (Buffer.byteLength(stateKey) > MAX_KEY_BYTES) {
    return `has ${Buffer.byteLength(stateKey)} bytes; keys with an index have ${MAX_KEY_BYTES} at most`;
  }
  return undefined;
}

/** An index by its key and type. @throws StartError if the key cannot have one */
export function stateIndexOf(stateKey: string, type: StateIndexType): StateIndex {
  const problem = stateKeyProblem(stateKey);
  if (problem !== undefined) throw new StartError(`The state key ${JSON.stringify(stateKey)} ${problem}.`);
  const name = nameOf(stateKey);
  return { stateKey, type, column: `state_${name}`, hashColumn: `hash_${name}` };
}

/** The key where it can be part of a name, and is not `key`, whose column every state has. */
function nameOf(stateKey: string): string {
  const plain = /^[a-z][a-z0-9_]*$/.test(stateKey) && stateKey.length <= LONGEST_PLAIN && stateKey !== "key";
  if (plain) return stateKey;
  const readable = stateKey
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .slice(0, LONGEST_PLAIN)
    .replace(/_+$/, "");
  return `${readable}_${createHash("sha256").update(stateKey).digest("hex").slice(0, 8)}`;
}

const COMMENT = /sessiond index as (\w+) of ("[ -~]*")/;

/** What the schema says of an index beside its column. All of it is ASCII, and without the end of a comment. */
export function commentOf({ stateKey, type }: StateIndex): string {
  const key = JSON.stringify(stateKey).replace(
    /[^ -~]|\//g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `sessiond index as ${type} of ${key}`;
}

/** The index that a comment by `commentOf` tells of; undefined for another comment. */
export function parseComment(text: string): StateIndex | undefined {
  const [, type, key] = COMMENT.exec(text) ?? [];
  const known = STATE_INDEX_TYPES.find((name) => name === type);
  if (known === undefined || key === undefined) return undefined;
  try {
    return stateIndexOf(JSON.parse(key) as string, known);
  } catch {
    return undefined;
  }
}

/** Refuses a second index over a key. @throws StartError */
export function refuseSecond(existing: readonly StateIndex[], wanted: StateIndex): void {
  const found = existing.find(({ stateKey }) => stateKey === wanted.stateKey);
  if (found === undefined) return;
  const other =
    found.type === wanted.type ? "" : ` Drop it first: sessiond index drop --state ${shown(found.stateKey)}`;
  throw new StartError(
    `The state key ${JSON.stringify(found.stateKey)} has an index as ${found.type} already.${other}`,
  );
}

/** The index over a key. @throws StartError if it has none */
export function requireIndex<Index extends StateIndex>(existing: readonly Index[], stateKey: string): Index {
  const found = existing.find((index) => index.stateKey === stateKey);
  if (found !== undefined) return found;
  const keys = existing.map((index) => JSON.stringify(index.stateKey)).join(", ");
  throw new StartError(
    `The state key ${JSON.stringify(stateKey)} has no index. ${keys === "" ? "None has." : `Those that have one: ${keys}.`}`,
  );
}

function shown(stateKey: string): string {
  return /^[\w.-]+$/.test(stateKey) ? stateKey : `'${stateKey.replaceAll("'", `'\\''`)}'`;
}
