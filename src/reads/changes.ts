/** Changes without an event, in the order of their revisions, for a history that tells them. */
import type { Limits } from "../config/limits.ts";
import type { SessionChange, SessionRecord, Store } from "../store/store.ts";
import { requireSession } from "./one-session.ts";

/** What changes are read from. */
export type ChangeStore = Pick<Store, "readChanges" | "getSessionRow">;

/** Most changes of one read. */
export const CHANGE_ROWS = 256;

/** The changes of a session after a revision, up to the one that the session was read at. */
export class ChangeQueue {
  readonly #store: ChangeStore;
  readonly #session: SessionRecord;
  readonly #limits: Limits;
  readonly #signal: AbortSignal;
  #read: SessionChange[] = [];
  #told: number;

  constructor(
    store: ChangeStore,
    session: SessionRecord,
    afterRevision: number,
    limits: Limits,
    signal: AbortSignal,
  ) {
    this.#store = store;
    this.#session = session;
    this.#limits = limits;
    this.#signal = signal;
    this.#told = afterRevision;
  }

  /** Every change up to this revision was taken, or was not asked for. */
  get told(): number {
    return this.#told;
  }

  /** Whether the next change comes before the event of `seq`. */
  isBefore(seq: number): boolean {
    const [next] = this.#read;
    return next !== undefined && next.afterSeq < seq;
  }

  /** The next change; there must be one. */
  async take(): Promise<SessionChange> {
    const change = this.#read.shift() as SessionChange;
    this.#told = change.revision;
    if (this.#read.length === 0) await this.load();
    return change;
  }

  /**
   * Reads what comes next; to be called once before the rest. Where nothing is left, all is told.
   * @throws RpcError SESSION_NOT_FOUND, SESSION_RECREATED
   */
  async load(): Promise<void> {
    const { key, uid, revision } = this.#session;
    if (this.#told >= revision) return;
    const bounds = { maxRows: CHANGE_ROWS, maxBytes: this.#limits.frameBytes };
    const range = { key, afterRevision: this.#told, throughRevision: revision, ...bounds };
    this.#read = await this.#store.readChanges(range, this.#signal);
    // They were read by key: they count only if it still names the same session.
    requireSession(await this.#store.getSessionRow(key, this.#signal), uid);
    if (this.#read.length === 0) this.#told = revision;
  }
}
