/** Which indexes over state keys there are, as a running store knows it. */
import type { StateIndex } from "../state-index.ts";
import { findStateIndexes } from "./index-state.ts";
import type { Pool } from "./pool.ts";
import { read } from "./transaction.ts";

/** How long an answer counts: so late a list uses an index that was just made. */
const REFRESH_MS = 5_000;

const NONE: ReadonlyMap<string, StateIndex> = new Map();

/**
 * Asks the database when a list wants to know and the last answer is old. An index that is
 * gone is noticed by the statement that names it (`forget`).
 */
export class KnownStateIndexes {
  private readonly pool: Pool;
  private askedAt = Number.NEGATIVE_INFINITY;
  private known: Promise<ReadonlyMap<string, StateIndex>> = Promise.resolve(NONE);

  constructor(pool: Pool) {
    this.pool = pool;
  }

  /** By state key. Never rejects: a list is right without them. */
  current(): Promise<ReadonlyMap<string, StateIndex>> {
    if (performance.now() - this.askedAt > REFRESH_MS) {
      this.askedAt = performance.now();
      this.known = this.ask();
    }
    return this.known;
  }

  /** Takes it that there are none until the next asking. */
  forget(): void {
    this.known = Promise.resolve(NONE);
  }

  private async ask(): Promise<ReadonlyMap<string, StateIndex>> {
    try {
      const found = await read(this.pool, undefined, findStateIndexes);
      return new Map(found.map((index) => [index.stateKey, index]));
    } catch {
      return NONE;
    }
  }
}
