import { useRef, useState } from "react";
import type { Conversation } from "../model/conversation.ts";
import { viewOf } from "../model/parts.ts";

/** Cheap sign of usage, so that other events are not parsed for it. */
const sign = "usageMetadata";

/** Tokens of all events: of those that were loaded, and on request of the rest. */
export function TokenTotals({
  conversation,
  version,
}: {
  readonly conversation: Conversation;
  readonly version: number;
}) {
  const counted = useRef({ version: -1, seqs: new Set<number>(), total: 0 });
  const [counting, setCounting] = useState(false);
  const totals = counted.current;
  const count = (events: Iterable<Parameters<typeof viewOf>[0]>) => {
    for (const event of events) {
      const seq = Number(event.seq);
      if (totals.seqs.has(seq)) continue;
      totals.seqs.add(seq);
      if (event.extra.includes(sign)) totals.total += viewOf(event).usage?.total ?? 0;
    }
  };
  if (totals.version !== version) {
    totals.version = version;
    count(conversation.loaded());
  }
  const all = conversation.headSeq - conversation.firstSeq + 1;
  const missing = all - totals.seqs.size;
  if (totals.total === 0 && missing === 0) return null;
  const countAll = async () => {
    setCounting(true);
    try {
      for await (const events of conversation.walk(new AbortController().signal)) count(events);
    } finally {
      setCounting(false);
    }
  };
  return (
    <span>
      {totals.total} tokens
      {missing > 0 && (
        <>
          {" "}
          in {totals.seqs.size} events{" "}
          <button
            type="button"
            className="quiet"
            disabled={counting}
            onClick={() => void countAll().catch(() => {})}
          >
            {counting ? "counting …" : "count all"}
          </button>
        </>
      )}
    </span>
  );
}
