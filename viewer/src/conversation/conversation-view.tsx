import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import type { Conversation } from "../model/conversation.ts";
import { routeUrl } from "../model/route.ts";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { EventRow } from "./event-row.tsx";
import { Marks } from "./marks.tsx";
import type { Rows } from "./use-rows.ts";

/** What the keyboard and the rest of the page ask of the list. */
export interface ListHandle {
  /** Selects the row so many below, above where negative. */
  move(by: number): void;
  toFirst(): void;
  toLast(): void;
  show(seq: number): void;
}

/** So near to the end counts as being there, in pixels. */
const NEAR = 24;

/** Pixels of a row that was never in sight. */
const estimateSize = () => 92;

/** The events as a list of which only what is in sight exists. */
export function ConversationView(props: {
  readonly conversation: Conversation;
  readonly version: number;
  readonly rows: Rows;
  readonly foldCompacted: boolean;
  readonly selected: number | undefined;
  readonly onSelect: (seq: number) => void;
  readonly onState: (seq: number) => void;
  /** Asks for the rows around an event, or the newest. */
  readonly onAnchor: (seq: number | undefined) => void;
  readonly handle: React.Ref<ListHandle>;
}) {
  const { conversation, version, rows, foldCompacted, selected, onSelect, onState, onAnchor, handle } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [pinned, setPinned] = useState(selected === undefined);
  /** The newest event when the reader left the end. */
  const [seenSeq, setSeenSeq] = useState<number>();
  // The same functions in every rendering: with others the list would place all of its rows again.
  const getScrollElement = useCallback(() => scroller.current, []);
  const virtual = useVirtualizer({
    count: rows.count,
    getScrollElement,
    estimateSize,
    getItemKey: rows.seqAt,
    overscan: 6,
  });
  // Heights that change above the reader must not move what is read; at the end the list follows by itself.
  virtual.shouldAdjustScrollPositionOnItemSizeChange = (item, _, instance) =>
    !pinned && item.start < (instance.scrollOffset ?? 0);
  const items = virtual.getVirtualItems();
  const firstSeq = items.length === 0 ? 0 : rows.seqAt(items[0]?.index ?? 0);
  const lastSeq = items.length === 0 ? 0 : rows.seqAt(items.at(-1)?.index ?? 0);

  const shown = useRef<readonly number[]>([]);
  shown.current = items.map((item) => rows.seqAt(item.index));
  useEffect(() => {
    if (firstSeq === 0) return;
    // A moment later: a reader who drags the bar through a long history wants only where he stops.
    const timer = setTimeout(() => {
      if (!rows.filtering) void conversation.load(firstSeq - 1, lastSeq);
      else for (const seq of shown.current) void conversation.load(seq, seq);
    }, 40);
    return () => clearTimeout(timer);
  }, [conversation, rows.filtering, firstSeq, lastSeq]);

  const totalSize = virtual.getTotalSize();
  const lastTop = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height is what makes it necessary
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!pinned || element === null) return;
    element.scrollTop = element.scrollHeight;
    // From here, whoever scrolls up leaves the end, whether or not the list's own step was heard of before.
    lastTop.current = element.scrollTop;
  }, [pinned, totalSize, rows.count]);

  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    const up = element.scrollTop < lastTop.current;
    lastTop.current = element.scrollTop;
    const near = rows.reachesHead && element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    // Rows that grew since the list went to its end are no reason to leave it: only who scrolls up does.
    if (near === pinned || (pinned && !up)) return;
    setPinned(near);
    setSeenSeq(conversation.headSeq);
  };

  const toShow = useRef(selected);
  const show = useCallback(
    (seq: number) => {
      setPinned(false);
      setSeenSeq(conversation.headSeq);
      onSelect(seq);
      if (rows.filtering || rows.has(seq)) {
        virtual.scrollToIndex(rows.indexOf(seq), { align: "center" });
      } else {
        toShow.current = seq;
        onAnchor(seq);
      }
    },
    [conversation, onSelect, onAnchor, rows, virtual],
  );
  const toLast = () => {
    forget();
    if (!rows.reachesHead) onAnchor(undefined);
    setPinned(true);
  };

  useImperativeHandle(handle, () => ({
    move(by) {
      if (rows.count === 0) return;
      forget();
      const index = selected === undefined ? rows.count - 1 : rows.indexOf(selected) + by;
      const next = Math.min(Math.max(index, 0), rows.count - 1);
      onSelect(rows.seqAt(next));
      virtual.scrollToIndex(next, { align: "auto" });
    },
    toFirst() {
      if (rows.count === 0) return;
      if (!rows.filtering && !rows.has(conversation.firstSeq)) return show(conversation.firstSeq);
      forget();
      setPinned(false);
      onSelect(rows.seqAt(0));
      virtual.scrollToIndex(0, { align: "start" });
    },
    toLast() {
      if (rows.count === 0) return;
      onSelect(rows.reachesHead ? rows.seqAt(rows.count - 1) : conversation.headSeq);
      toLast();
    },
    show,
  }));

  // The event of the page's address is shown, and one that had to become a row; it is held in sight until what is around it
  // has its heights, or the reader goes elsewhere.
  // biome-ignore lint/correctness/useExhaustiveDependencies: heights and events that arrive move it
  useEffect(() => {
    const seq = toShow.current;
    if (seq === undefined || rows.count === 0) return;
    virtual.scrollToIndex(rows.indexOf(seq), { align: "center" });
    if (conversation.event(seq) === undefined) return;
    const timer = setTimeout(forget, 500);
    return () => clearTimeout(timer);
  }, [rows, totalSize, version]);
  function forget(): void {
    toShow.current = undefined;
  }

  useEffect(() => {
    if (rows.count > 0) setSeenSeq((seen) => seen ?? conversation.headSeq);
  }, [conversation, rows.count]);
  const fresh = pinned || seenSeq === undefined ? 0 : conversation.headSeq - seenSeq;
  return (
    <div className="conversation">
      <section
        className="rows"
        ref={scroller}
        onScroll={onScroll}
        onWheel={forget}
        onPointerDown={forget}
        onKeyDown={forget}
        aria-label="Events"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        tabIndex={0}
      >
        <div className="rows-space" style={{ height: totalSize }}>
          {items.map((item) => {
            const seq = rows.seqAt(item.index);
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className={`row ${seq === selected ? "selected" : ""}`}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <Row
                  conversation={conversation}
                  version={version}
                  seq={seq}
                  foldCompacted={foldCompacted && !rows.filtering}
                  onShow={show}
                  onState={onState}
                />
              </div>
            );
          })}
        </div>
      </section>
      {fresh > 0 && (
        <button type="button" className="fresh" onClick={toLast}>
          {fresh} new
        </button>
      )}
    </div>
  );
}

function Row(props: {
  readonly conversation: Conversation;
  readonly version: number;
  readonly seq: number;
  readonly foldCompacted: boolean;
  readonly onShow: (seq: number) => void;
  readonly onState: (seq: number) => void;
}) {
  const { conversation, version, seq, foldCompacted, onShow, onState } = props;
  const event = conversation.event(seq);
  if (event === undefined) {
    return (
      <div className="placeholder" aria-busy="true">
        {conversation.loadError === undefined ? (
          `Event ${seq} …`
        ) : (
          <>
            Event {seq} could not be loaded: {conversation.loadError}{" "}
            <button type="button" onClick={() => void conversation.load(seq, seq)}>
              Try again
            </button>
          </>
        )}
      </div>
    );
  }
  const compaction = conversation.rewinds.compactionOf(event);
  if (compaction !== undefined && foldCompacted) {
    return (
      <div className="folded">
        <button type="button" className="quiet" onClick={() => onShow(compaction.seq)}>
          #{seq} is part of the summary in {compaction.seq}
        </button>
      </div>
    );
  }
  const { appName, userId, sessionId } = conversation.key;
  return (
    <>
      <Marks conversation={conversation} event={event} before={conversation.event(seq - 1)} onShow={onShow} />
      <ErrorBoundary what={`Event ${seq}`}>
        <EventRow
          conversation={conversation}
          event={event}
          version={version}
          isRewound={conversation.rewinds.isRewound(seq)}
          isCompacted={compaction !== undefined}
          link={
            conversation.connection.kind === "file"
              ? undefined
              : routeUrl({ app: appName, user: userId, session: sessionId, event: seq })
          }
          onShow={onShow}
          onState={onState}
        />
      </ErrorBoundary>
    </>
  );
}
