/** A session that somebody follows: who does, and the newest reads, which its tails share. */
import type { HeadRecord, SessionKey } from "../store/store.ts";
import { AppendedRun } from "./appended-run.ts";
import type { LiveStream } from "./live-streams.ts";
import type { AppendedEvents } from "./notices.ts";
import type { NextEvents, Step, TailPlace } from "./step.ts";

/** Reads one step of the session, or makes it of what is known to come next; `found` is where it was just seen. */
export type ReadStep = (
  place: TailPlace,
  next: NextEvents | undefined,
  found: HeadRecord | undefined,
) => Promise<Step>;

/** A read, running or done. */
interface Read {
  readonly step: Promise<Step>;
  /** The news that there were when it began. */
  readonly asOf: number;
  bytes: number;
}

/** What a tail gets of a step. */
export interface SharedStep extends Step {
  /** The news that it surely has: a tail at its end waits for later ones. */
  readonly asOf: number;
}

/** Reads that are kept beside their bytes' bound: they are small where sessions are. */
const MAX_READS = 16;

export class WatchedSession {
  readonly key: SessionKey;
  readonly streams = new Set<LiveStream>();
  readonly #readStep: ReadStep;
  readonly #maxBytes: number;
  /** By place, the oldest first. */
  readonly #reads = new Map<string, Read>();
  readonly #appended: AppendedRun;
  #bytes = 0;
  #news = 0;
  #known: Pick<HeadRecord, "uid" | "revision"> | undefined;
  /** Where a look found it, if that is all that is known. */
  #found: HeadRecord | undefined;

  /** Keeps the newest reads, of at most `maxBytes` in all. */
  constructor(key: SessionKey, readStep: ReadStep, maxBytes: number) {
    this.key = key;
    this.#readStep = readStep;
    this.#maxBytes = maxBytes;
    this.#appended = new AppendedRun(maxBytes);
  }

  /** Counts what it was told; more than a step's `asOf` means that there may be more to read. */
  get news(): number {
    return this.#news;
  }

  /** It is at this revision or later, for these events where they are known. Says whether that is news. */
  moved({ uid, revision }: Pick<HeadRecord, "uid" | "revision">, appended?: AppendedEvents): boolean {
    if (this.#known?.uid === uid && this.#known.revision >= revision) return false;
    this.#known = { uid, revision };
    this.#found = undefined;
    if (appended !== undefined) this.#appended.add(uid, appended());
    this.#tell();
    return true;
  }

  /** Somebody looked, and the database has it there. Says whether that is news. */
  found(head: HeadRecord): boolean {
    const news = this.moved(head);
    if (news) this.#found = head;
    return news;
  }

  /** There is no such session any more. Says whether that is news. */
  deleted(): boolean {
    if (this.#known === undefined) return false;
    this.#known = undefined;
    this.#found = undefined;
    this.#appended.clear();
    this.#tell();
    return true;
  }

  /**
   * A tail has read its history up to here. Gives the news that it has, or undefined where more
   * is known already. Never raises what is known: that would hide it from the other tails.
   */
  joined({ uid, revision }: Pick<HeadRecord, "uid" | "revision">): number | undefined {
    this.#known ??= { uid, revision };
    const same = this.#known.uid === uid && this.#known.revision === revision;
    return same ? this.#news : undefined;
  }

  /** What comes after a place: read once for all tails that are there. */
  async step(place: TailPlace): Promise<SharedStep> {
    const name = `${place.uid} ${place.seq} ${place.resumeSeq} ${place.revision}`;
    for (;;) {
      const read = this.#reads.get(name) ?? this.#begin(name, place);
      const step = await read.step;
      // One that found nothing holds only for what was known when it began.
      if (step.frames.length > 0 || step.gone !== undefined || read.asOf === this.#news) {
        return { ...step, asOf: read.asOf };
      }
      this.#forget(name, read);
    }
  }

  #begin(name: string, place: TailPlace): Read {
    const step = this.#readStep(place, this.#next(place), this.#found);
    const read: Read = { step, asOf: this.#news, bytes: 0 };
    this.#reads.set(name, read);
    read.step.then(
      (step) => {
        if (this.#reads.get(name) !== read) return;
        read.bytes = step.bytes;
        this.#bytes += step.bytes;
        this.#shrink();
      },
      // Whoever waits for it learns of the failure; whoever comes later tries anew.
      () => this.#forget(name, read),
    );
    return read;
  }

  /** What follows a place, where this process appended it. */
  #next(place: TailPlace): NextEvents | undefined {
    const events = this.#appended.take(place);
    if (events === undefined) return undefined;
    // Others may have changed it since: then there is more to read.
    const headRevision = this.#known?.uid === place.uid ? this.#known.revision : undefined;
    return { events, headRevision };
  }

  #shrink(): void {
    for (const [name, read] of this.#reads) {
      if (this.#bytes <= this.#maxBytes && this.#reads.size <= MAX_READS) return;
      this.#forget(name, read);
    }
  }

  #forget(name: string, read: Read): void {
    if (this.#reads.get(name) !== read) return;
    this.#reads.delete(name);
    this.#bytes -= read.bytes;
  }

  #tell(): void {
    this.#news++;
    for (const stream of this.streams) stream.wake();
  }
}
