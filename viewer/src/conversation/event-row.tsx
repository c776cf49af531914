import { memo } from "react";
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import type { ChangedFrame } from "../../../clients/typescript/src/gen/sessiond/v1/session_service_pb.ts";
import type { Conversation } from "../model/conversation.ts";
import { eventJson } from "../model/event-json.ts";
import { type Json, parseJson, prettyJson } from "../model/json.ts";
import { type EventView, viewOf } from "../model/parts.ts";
import { bytes, fullTime, timeOfDay } from "../model/time.ts";
import { Disclosure } from "../parts/disclosure.tsx";
import { PartView } from "../parts/part-view.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { JsonTree } from "../ui/json-tree.tsx";
import { LongText } from "../ui/long-text.tsx";
import { useExpanded } from "./expansion.ts";
import { StateChange } from "./state-change.tsx";

/** An event heavier than this shows its beginning until somebody asks for all of it, in characters. */
const HEAVY = 1_000_000;

export interface EventRowProps {
  readonly conversation: Conversation;
  readonly event: Event;
  /** Grows when what the row shows of other events may have changed. */
  readonly version: number;
  readonly isRewound: boolean;
  readonly isCompacted: boolean;
  /** The event's address; undefined in a file, which has none. */
  readonly link: string | undefined;
  readonly onShow: (seq: number) => void;
  readonly onState: (seq: number) => void;
}

/** One event as a person reads it. */
export const EventRow = memo(function EventRow(props: EventRowProps) {
  const { conversation, event, isRewound, isCompacted, link, onState } = props;
  const seq = Number(event.seq);
  const author = event.author || "somebody";
  const heavy = event.content.length > HEAVY;
  const [whole, showWhole] = useExpanded(`${seq} whole`);
  const [raw, flipRaw] = useExpanded(`${seq} raw`);
  const view = heavy && !whole ? undefined : viewOf(event);
  const classes = [
    isRewound ? "rewound" : "",
    isCompacted ? "compacted" : "",
    author === "user" ? "from-user" : "",
  ];
  return (
    <article className={`event ${classes.join(" ")}`} aria-label={`Event ${seq} of ${author}`}>
      <header>
        <span className={`author hue-${hueOf(author)}`}>{author}</span>
        {event.branch && (
          <span className="badge branch" title="The branch of agents it belongs to">
            {event.branch}
          </span>
        )}
        {isRewound && <span className="badge">rewound</span>}
        {isCompacted && <span className="badge">compacted</span>}
        {event.interrupted && <span className="badge failed">interrupted</span>}
        {event.partial && <span className="badge">partial</span>}
        {event.turnComplete && <span className="badge">turn complete</span>}
        <span className="spring" />
        {view?.usage !== undefined && (
          <span
            className="tokens"
            title={`${view.usage.prompt} in, ${view.usage.output} out, ${view.usage.thoughts} thinking, ${view.usage.cached} cached`}
          >
            {view.usage.total} tokens
          </span>
        )}
        {event.timestamp !== undefined && (
          <time title={fullTime(event.timestamp)}>{timeOfDay(event.timestamp)}</time>
        )}
        {link === undefined ? (
          <span className="seq">#{seq}</span>
        ) : (
          <a href={link} className="seq" aria-label={`Link to event ${seq}`}>
            #{seq}
          </a>
        )}
        <button type="button" className="quiet" aria-expanded={raw} onClick={flipRaw}>
          JSON
        </button>
      </header>
      {raw && <RawEvent event={event} />}
      {view === undefined ? (
        <p>
          This event has {bytes(event.content.length)} of content.{" "}
          <button type="button" onClick={showWhole}>
            Show all
          </button>
        </p>
      ) : (
        <Body {...props} view={view} />
      )}
      {(event.errorCode || event.errorMessage) && (
        <p className="error">
          <strong>{event.errorCode || "Error"}</strong> {event.errorMessage}
        </p>
      )}
      <StateChange
        name={`${seq} state`}
        set={event.stateDelta}
        removed={event.removedStateKeys}
        onState={() => onState(seq)}
      />
      {conversation.changes.get(seq)?.map((change) => (
        <OtherChange key={String(change.revision)} change={change} onState={() => onState(seq)} />
      ))}
    </article>
  );
});

function Body({ conversation, event, view, onShow }: EventRowProps & { readonly view: EventView }) {
  const seq = Number(event.seq);
  const { actions } = view;
  return (
    <>
      {view.parts.map((part, index) => (
        <PartView
          // biome-ignore lint/suspicious/noArrayIndexKey: an event's parts never change
          key={index}
          part={part}
          name={`${seq} part ${index}`}
          conversation={conversation}
          onShow={onShow}
        />
      ))}
      {event.content !== "" && view.parts.length === 0 && parseJson(event.content) === undefined && (
        <LongText text={event.content} className="plain" />
      )}
      {view.inputTranscription !== undefined && (
        <p className="transcription">Heard: {view.inputTranscription}</p>
      )}
      {view.outputTranscription !== undefined && (
        <p className="transcription">Said: {view.outputTranscription}</p>
      )}
      {actions.transferTo !== undefined && (
        <p className="action">
          Transferred to <strong>{actions.transferTo}</strong>
        </p>
      )}
      {actions.escalate && <p className="action">Escalated to the agent above</p>}
      {actions.rewindBefore !== undefined && (
        <p className="action">
          Rewound to before invocation <code>{actions.rewindBefore}</code>
        </p>
      )}
      {actions.compaction !== undefined && (
        <Disclosure
          name={`${seq} compaction`}
          openAtFirst
          summary={`Summary of the events from ${timeOfDay(actions.compaction.start)} to ${timeOfDay(actions.compaction.end)}`}
        >
          {() =>
            actions.compaction?.parts.map((part, index) => (
              <PartView
                // biome-ignore lint/suspicious/noArrayIndexKey: an event's parts never change
                key={index}
                part={part}
                name={`${seq} compacted ${index}`}
                conversation={conversation}
                onShow={onShow}
              />
            ))
          }
        </Disclosure>
      )}
      {[...actions.artifacts].map(([name, version]) => (
        <p key={name} className="action">
          Saved artifact <strong>{name}</strong>, version {version}
        </p>
      ))}
      {actions.endOfAgent && <p className="action">The agent's work is done</p>}
      <Others name={`${seq} actions`} title="Other actions" members={actions.other} />
      <Others name={`${seq} extra`} title="Details" members={view.extra} />
    </>
  );
}

function Others(props: {
  readonly name: string;
  readonly title: string;
  readonly members: ReadonlyMap<string, Json>;
}) {
  const { name, title, members } = props;
  if (members.size === 0) return null;
  return (
    <Disclosure
      name={name}
      summary={<span className="quiet-text">{`${title}: ${[...members.keys()].join(", ")}`}</span>}
    >
      {() => <JsonTree value={Object.fromEntries(members)} />}
    </Disclosure>
  );
}

function OtherChange({ change, onState }: { readonly change: ChangedFrame; readonly onState: () => void }) {
  const others = change.changed?.paths.filter((path) => !path.startsWith("state")) ?? [];
  return (
    <div className="other-change">
      <p className="action">
        Changed without an event{others.length > 0 && `: ${others.join(", ")}`}
        {change.stateReplaced && ": the state was replaced"}
      </p>
      <StateChange
        name={`change ${change.revision}`}
        set={change.stateDelta}
        removed={change.removedStateKeys}
        onState={onState}
      />
    </div>
  );
}

/** The event exactly as it is stored. */
function RawEvent({ event }: { readonly event: Event }) {
  const text = eventJson(event);
  return (
    <div className="raw">
      <CopyButton label="Copy JSON" text={() => text} />
      <span className="quiet-text">
        {" "}
        revision {String(event.revision)} · id <code>{event.id}</code>
        {event.writer?.language && ` · written by ${event.writer.language} ${event.writer.adkVersion}`}
      </span>
      <LongText text={text.length > HEAVY ? text : prettyJson(text)} />
    </div>
  );
}

/** One of a few colours, the same for the same author. */
function hueOf(author: string): number {
  let hash = 0;
  for (const character of author) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return author === "user" ? 0 : 1 + (hash % 6);
}
