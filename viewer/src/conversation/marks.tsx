import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import { callState, isOpen } from "../model/call-state.ts";
import type { Conversation } from "../model/conversation.ts";
import { dayOf, duration } from "../model/time.ts";
import { Disclosure } from "../parts/disclosure.tsx";
import { Timeline } from "./timeline.tsx";

/** Silence that is worth a mark, in seconds. */
const IDLE = 300;

/** What stands between an event and the one before: a new day, a pause, a new invocation. */
export function Marks(props: {
  readonly conversation: Conversation;
  readonly event: Event;
  readonly before: Event | undefined;
  readonly onShow: (seq: number) => void;
}) {
  const { conversation, event, before, onShow } = props;
  const time = event.timestamp ?? 0;
  const last = before?.timestamp;
  const gap = last === undefined ? 0 : time - last;
  const isNewDay = last === undefined ? event.seq === 1n : dayOf(last) !== dayOf(time);
  const invocation = event.invocationId ?? "";
  const begins =
    invocation !== "" && (before === undefined ? event.seq === 1n : before.invocationId !== invocation);
  const calls = begins ? conversation.calls.ofInvocation(invocation) : [];
  const open = calls.filter((call) => isOpen(callState(call, conversation.known, conversation.headSeq)));
  return (
    <>
      {isNewDay && <div className="mark">{dayOf(time)}</div>}
      {gap > IDLE && <div className="mark idle">{duration(gap)} later</div>}
      {begins && (
        <div className="mark invocation">
          <Disclosure
            name={`invocation ${event.seq}`}
            summary={
              <>
                Invocation <code>{invocation}</code>
                {calls.length > 0 && ` · ${calls.length} ${calls.length === 1 ? "call" : "calls"}`}
                {open.length > 0 && <span className="badge open">{open.length} open</span>}
              </>
            }
          >
            {() => <Timeline conversation={conversation} calls={calls} onShow={onShow} />}
          </Disclosure>
        </div>
      )}
    </>
  );
}
