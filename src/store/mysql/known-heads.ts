/** Session rows as this process last saw them, so that an append need not read what it is about to replace. */
import { type AppendPlan, keyText, type SessionHead } from "../append-plan.ts";
import type { AppendInput } from "../store.ts";

/** Some 4 MiB with keys of a usual length. */
const MAX_HEADS = 10_000;

/**
 * A guess, never the truth: other processes change rows, too. Who uses a head has the database compare it in the same
 * transaction.
 */
export class KnownHeads {
  /** The one that was learned longest ago first. */
  private readonly heads = new Map<string, SessionHead>();

  /** The head of the one session that a group is for; undefined for a group of several. */
  ofOnly(group: readonly AppendInput[]): SessionHead | undefined {
    const text = keyText((group[0] as AppendInput).key);
    const head = this.heads.get(text);
    return head !== undefined && group.every(({ key }) => keyText(key) === text) ? head : undefined;
  }

  /** Learns from a plan that was committed. */
  learn({ created, advanced }: Pick<AppendPlan, "created" | "advanced">): void {
    for (const { head } of created) this.set(head);
    for (const head of advanced) this.set(head);
  }

  /** Learns from a session that was read or made, perhaps a while ago: what is newer stays. */
  see(session: SessionHead): void {
    const known = this.heads.get(keyText(session.key));
    if (known?.uid === session.uid && known.revision >= session.revision) return;
    const { key, uid, revision, headSeq, eventCount, eventBytes } = session;
    const { createMicros, updateMicros, lastEventTime } = session;
    this.set({
      key,
      uid,
      revision,
      headSeq,
      eventCount,
      eventBytes,
      createMicros,
      updateMicros,
      lastEventTime,
    });
  }

  /** Forgets one that turned out to be wrong. */
  forget(head: SessionHead): void {
    this.heads.delete(keyText(head.key));
  }

  private set(head: SessionHead): void {
    const text = keyText(head.key);
    this.heads.delete(text);
    this.heads.set(text, head);
    if (this.heads.size > MAX_HEADS) this.heads.delete(this.heads.keys().next().value as string);
  }
}
