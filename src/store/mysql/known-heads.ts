/** Session rows as this process last saw them, so that an append need not read what it is about to replace. */
import { type AppendPlan, keyText, type SessionHead } from "../append-plan.ts";
import type { AppendInput } from "../store.ts";
import { MAX_ROWS } from "./sql.ts";

/** Some 4 MiB with keys of a usual length. */
const MAX_HEADS = 10_000;

/** Sessions by `keyText`. */
export interface KnownSessions {
  readonly heads: ReadonlyMap<string, SessionHead>;
  readonly owners: ReadonlyMap<string, string>;
}

/** After how many misses in a row no longer break is taken. */
const MAX_MISSES = 6;

/**
 * A guess, never the truth: other processes change rows, too. Who uses what is known has the database compare it in the
 * same transaction. Where others change the same sessions, many groups of several sessions would meet a row that is
 * another, for nothing: after each that did, more of them are let pass.
 */
export class KnownHeads {
  /** The one that was learned longest ago first. */
  private readonly known = new Map<string, { readonly head: SessionHead; readonly ownerId: string }>();
  private misses = 0;
  private pass = 0;

  /** What is known of a group's sessions; undefined where one is not known, or they are more than one statement compares. */
  ofAll(group: readonly AppendInput[]): KnownSessions | undefined {
    const heads = new Map<string, SessionHead>();
    const owners = new Map<string, string>();
    for (const { key } of group) {
      const text = keyText(key);
      const known = this.known.get(text);
      if (known === undefined) return undefined;
      heads.set(text, known.head);
      owners.set(text, known.ownerId);
    }
    if (heads.size === 1) return { heads, owners };
    if (heads.size > MAX_ROWS) return undefined;
    if (this.pass > 0) {
      this.pass--;
      return undefined;
    }
    return { heads, owners };
  }

  /** Learns from a plan that was committed; `owners` are of the sessions that were there before. */
  learn(
    { created, advanced }: Pick<AppendPlan, "created" | "advanced">,
    owners: KnownSessions["owners"],
  ): void {
    for (const { head, ownerId } of created) this.set(head, ownerId);
    for (const head of advanced) this.set(head, owners.get(keyText(head.key)) ?? "");
  }

  /** Learns from a session that was read or made, perhaps a while ago: what is newer stays. */
  see(session: SessionHead & { readonly ownerId: string }): void {
    const known = this.known.get(keyText(session.key))?.head;
    if (known?.uid === session.uid && known.revision >= session.revision) return;
    const { key, uid, revision, headSeq, eventCount, eventBytes } = session;
    const { createMicros, updateMicros, lastEventTime } = session;
    const head = {
      ...{ key, uid, revision, headSeq, eventCount, eventBytes },
      ...{ createMicros, updateMicros, lastEventTime },
    };
    this.set(head, session.ownerId);
  }

  /** What was known of a group turned out to be right. */
  hit({ heads }: KnownSessions): void {
    if (heads.size > 1) this.misses = 0;
  }

  /** What was known of a group turned out to be wrong: forgets it. */
  miss({ heads }: KnownSessions): void {
    for (const text of heads.keys()) this.known.delete(text);
    if (heads.size === 1) return;
    this.misses = Math.min(this.misses + 1, MAX_MISSES);
    this.pass = 2 ** this.misses - 1;
  }

  private set(head: SessionHead, ownerId: string): void {
    const text = keyText(head.key);
    this.known.delete(text);
    this.known.set(text, { head, ownerId });
    if (this.known.size > MAX_HEADS) this.known.delete(this.known.keys().next().value as string);
  }
}
