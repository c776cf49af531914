import { useEffect, useMemo, useState } from "react";
import type { Conversation } from "../model/conversation.ts";
import { type EventFilter, isFiltering, matches } from "../model/event-filter.ts";
import { rowWindow } from "../model/row-window.ts";

/** Which events are rows: all of them by seq, or those that a filter let through. */
export interface Rows {
  readonly count: number;
  /** The seq of a row. */
  seqAt(index: number): number;
  /** The row of a seq, or of the nearest one after it; the last where there is none. */
  indexOf(seq: number): number;
  /** Whether a seq is a row. */
  has(seq: number): boolean;
  /** Whether the last row is the newest of its kind, so that what comes is added below it. */
  readonly reachesHead: boolean;
  readonly filtering: boolean;
  /** Events that the filter has looked at, of all; undefined where it looked at all. */
  readonly searched: number | undefined;
}

/**
 * The rows of a conversation. Without a filter nothing is computed or kept per event. With one, the whole history is
 * walked once in the background, and what comes afterwards is looked at as it comes. Of a session with more events
 * than a list can hold those around `anchor` are rows, the newest without it.
 */
export function useRows(
  conversation: Conversation,
  filter: EventFilter,
  version: number,
  anchor: number | undefined,
): Rows {
  const { firstSeq, headSeq } = conversation;
  const filtering = isFiltering(filter);
  const found = useMatches(conversation, filter, filtering, version);
  return useMemo(() => {
    if (filtering) return filteredRows(found.seqs, found.searched);
    const { first, last } = rowWindow(firstSeq, headSeq, anchor);
    const count = Math.max(0, last - first + 1);
    return {
      count,
      seqAt: (index) => first + index,
      indexOf: (seq) => Math.min(Math.max(seq - first, 0), Math.max(count - 1, 0)),
      has: (seq) => first <= seq && seq <= last,
      reachesHead: last === headSeq,
      filtering: false,
      searched: undefined,
    };
  }, [filtering, found, firstSeq, headSeq, anchor]);
}

function filteredRows(seqs: readonly number[], searched: number | undefined): Rows {
  return {
    count: seqs.length,
    seqAt: (index) => seqs[index] ?? 0,
    indexOf: (seq) => {
      const index = seqs.findIndex((other) => other >= seq);
      return index === -1 ? Math.max(seqs.length - 1, 0) : index;
    },
    has: (seq) => seqs.includes(seq),
    reachesHead: true,
    filtering: true,
    searched,
  };
}

interface Found {
  readonly seqs: readonly number[];
  readonly searched: number | undefined;
}

const nothing: Found = { seqs: [], searched: 0 };

function useMatches(
  conversation: Conversation,
  filter: EventFilter,
  filtering: boolean,
  version: number,
): Found {
  const [found, setFound] = useState<Found>(nothing);
  useEffect(() => {
    if (!filtering) return;
    const stop = new AbortController();
    setFound(nothing);
    void (async () => {
      const seqs: number[] = [];
      let searched = 0;
      try {
        for await (const events of conversation.walk(stop.signal)) {
          for (const event of events) if (matches(event, filter)) seqs.push(Number(event.seq));
          searched += events.length;
          if (stop.signal.aborted) return;
          setFound({ seqs: [...seqs], searched });
        }
        setFound({ seqs, searched: undefined });
      } catch {
        // What was found until then stays, with how far it got.
      }
    })();
    return () => stop.abort();
  }, [conversation, filter, filtering]);
  // What came since the walk ended. Live events are always loaded.
  useEffect(() => {
    if (!filtering || version === 0) return;
    setFound((old) => {
      if (old.searched !== undefined) return old;
      const last = old.seqs.at(-1) ?? 0;
      const more: number[] = [];
      for (let seq = conversation.headSeq; seq > last; seq--) {
        const event = conversation.event(seq);
        if (event === undefined) break;
        if (matches(event, filter)) more.unshift(seq);
      }
      return more.length === 0 ? old : { seqs: [...old.seqs, ...more], searched: undefined };
    });
  }, [conversation, filter, filtering, version]);
  return filtering ? found : nothing;
}
