import { type CallState, callState } from "../model/call-state.ts";
import type { Conversation } from "../model/conversation.ts";
import { isObject, type Json, JsonNumber } from "../model/json.ts";
import type { Part } from "../model/parts.ts";
import { viewOf } from "../model/parts.ts";
import { duration } from "../model/time.ts";
import { JsonTree } from "../ui/json-tree.tsx";
import { Disclosure } from "./disclosure.tsx";

type CallPart = Extract<Part, { kind: "call" }>;
type ResponsePart = Extract<Part, { kind: "response" }>;

/** A tool call with its answers, however far below they came. */
export function ToolCallPart(props: {
  readonly part: CallPart;
  readonly name: string;
  readonly conversation: Conversation;
}) {
  const { part, name, conversation } = props;
  const call = conversation.calls.get(part.id);
  const answers = call?.responseSeqs ?? [];
  const state = call === undefined ? undefined : callState(call, conversation.known, conversation.headSeq);
  const took =
    call?.callTime !== undefined && call.responseTime !== undefined
      ? duration(call.responseTime - call.callTime)
      : undefined;
  const summary = (
    <>
      <span className="tool-name">{part.name || "a tool"}</span>
      <span className="tool-args">({brief(part.args)})</span>
      {state !== undefined && <span className={`badge ${state}`}>{labels[state]}</span>}
      {call?.longRunning && answers.length > 0 && <span className="badge">long-running</span>}
      {took !== undefined && <span className="took">{took}</span>}
    </>
  );
  return (
    <Disclosure name={name} summary={summary} className="tool">
      {() => (
        <>
          <p className="part-title">Arguments</p>
          <JsonTree value={part.args ?? null} />
          {answers.map((seq, index) => (
            <Answer
              key={seq}
              conversation={conversation}
              seq={seq}
              id={part.id}
              title={index < answers.length - 1 ? "Answer until then" : call?.failed ? "Error" : "Result"}
            />
          ))}
          {answers.length === 0 && <p className="quiet-text">{unanswered(state)}</p>}
        </>
      )}
    </Disclosure>
  );
}

const labels: Readonly<Record<CallState, string>> = {
  open: "no answer yet",
  "long-running": "running",
  unknown: "not loaded",
  failed: "failed",
  done: "done",
};

function unanswered(state: CallState | undefined): string {
  if (state === undefined) return "It has no id by which an answer could be told.";
  return state === "unknown" ? "No answer in the events that are loaded." : "No answer so far.";
}

function Answer(props: {
  readonly conversation: Conversation;
  readonly seq: number;
  readonly id: string;
  readonly title: string;
}) {
  const { conversation, seq, id, title } = props;
  const event = conversation.event(seq);
  const part =
    event === undefined
      ? undefined
      : viewOf(event).parts.find(
          (other): other is ResponsePart => other.kind === "response" && other.id === id,
        );
  return (
    <>
      <p className="part-title">
        {title} <span className="quiet-text">in event {seq}</span>
      </p>
      {part === undefined ? (
        <button type="button" onClick={() => void conversation.load(seq, seq)}>
          Load it
        </button>
      ) : (
        <JsonTree value={part.response ?? null} />
      )}
    </>
  );
}

/** The answer's own place in the conversation: a line, as the call above shows it, too. */
export function ToolResponsePart(props: {
  readonly part: ResponsePart;
  readonly name: string;
  readonly conversation: Conversation;
  readonly onShow: (seq: number) => void;
}) {
  const { part, name, conversation, onShow } = props;
  const callSeq = conversation.calls.get(part.id)?.callSeq;
  const summary = (
    <>
      <span className="quiet-text">answer of</span> <span className="tool-name">{part.name || "a tool"}</span>
      {part.failed && <span className="badge failed">failed</span>}
      <span className="tool-args">{brief(part.response)}</span>
    </>
  );
  return (
    <div className="tool-response">
      <Disclosure name={name} summary={summary} className="tool">
        {() => <JsonTree value={part.response ?? null} />}
      </Disclosure>
      {callSeq !== undefined && (
        <button type="button" className="quiet" onClick={() => onShow(callSeq)}>
          called in {callSeq}
        </button>
      )}
    </div>
  );
}

/** A value in a few words. */
function brief(value: Json | undefined): string {
  const text = isObject(value)
    ? Object.entries(value)
        .slice(0, 4)
        .map(([key, member]) => `${key}: ${short(member)}`)
        .join(", ")
    : value === undefined
      ? ""
      : short(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function short(value: Json): string {
  if (value instanceof JsonNumber) return value.source;
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `[${value.length}]`;
  return isObject(value) ? "{…}" : String(value);
}
