import type { Conversation } from "../model/conversation.ts";
import type { Part } from "../model/parts.ts";
import { JsonTree } from "../ui/json-tree.tsx";
import { LongText } from "../ui/long-text.tsx";
import { BlobPart } from "./blob-part.tsx";
import { Disclosure } from "./disclosure.tsx";
import { Markdown } from "./markdown.tsx";
import { ToolCallPart, ToolResponsePart } from "./tool-call.tsx";

/** One part of a content. */
export function PartView(props: {
  readonly part: Part;
  /** Unique in the conversation. */
  readonly name: string;
  readonly conversation: Conversation;
  readonly onShow: (seq: number) => void;
}) {
  const { part, name, conversation, onShow } = props;
  switch (part.kind) {
    case "text":
      if (!part.thought) return <Markdown text={part.text} />;
      return (
        <Disclosure name={name} summary={<em>Thought</em>} className="thought">
          {() => <Markdown text={part.text} />}
        </Disclosure>
      );
    case "call":
      return <ToolCallPart part={part} name={name} conversation={conversation} />;
    case "response":
      return <ToolResponsePart part={part} name={name} conversation={conversation} onShow={onShow} />;
    case "code":
      return (
        <figure className="code">
          <figcaption>Code{part.language === "" ? "" : ` (${part.language.toLowerCase()})`}</figcaption>
          <LongText text={part.code} />
        </figure>
      );
    case "codeResult":
      return (
        <figure className="code">
          <figcaption>
            Output
            {part.outcome !== "OUTCOME_OK" && (
              <span className="badge failed">{part.outcome || "unknown"}</span>
            )}
          </figcaption>
          <LongText text={part.output} />
        </figure>
      );
    case "blob":
      return <BlobPart mimeType={part.mimeType} data={part.data} name={part.name} />;
    case "file":
      return (
        <p className="file">
          <span className="badge">file</span> {part.name ?? part.uri}{" "}
          <span className="quiet-text">{part.mimeType}</span>
          {part.name !== undefined && <code>{part.uri}</code>}
        </p>
      );
    case "unknown":
      return (
        <Disclosure name={name} summary={<span>A part of another kind</span>}>
          {() => <JsonTree value={part.value} />}
        </Disclosure>
      );
  }
}
