import { callState, isOpen } from "../model/call-state.ts";
import type { ToolCall } from "../model/calls.ts";
import type { Conversation } from "../model/conversation.ts";
import { duration } from "../model/time.ts";

/** An invocation's calls as bars over time. */
export function Timeline(props: {
  readonly conversation: Conversation;
  readonly calls: readonly ToolCall[];
  readonly onShow: (seq: number) => void;
}) {
  const { conversation, calls, onShow } = props;
  if (calls.length === 0) return <p className="quiet-text">It called no tools, as far as it is loaded.</p>;
  const starts = calls.map((call) => call.callTime ?? 0);
  const begin = Math.min(...starts);
  const end = Math.max(...calls.map((call) => call.responseTime ?? call.callTime ?? 0));
  const span = Math.max(end - begin, 1e-3);
  return (
    <ol className="timeline">
      {calls.map((call) => {
        const from = (call.callTime ?? begin) - begin;
        const took =
          call.responseTime === undefined ? undefined : call.responseTime - (call.callTime ?? begin);
        const left = (from / span) * 100;
        const state = callState(call, conversation.known, conversation.headSeq);
        const width = Math.max(((took ?? span - from) / span) * 100, 0.5);
        return (
          <li key={call.id}>
            <button type="button" className="quiet" onClick={() => onShow(call.callSeq ?? 0)}>
              {call.name}
            </button>
            <span className="timeline-track">
              <span
                className={`timeline-bar ${took === undefined ? "open" : call.failed ? "failed" : ""}`}
                style={{ left: `${left}%`, width: `${Math.min(width, 100 - left)}%` }}
              />
            </span>
            <span className="took">
              {took !== undefined ? duration(took) : isOpen(state) ? "open" : "not loaded"}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
