import type { Conversation } from "../model/conversation.ts";

/** How the tail is doing, in a word. */
export function ConnectionState({ conversation }: { readonly conversation: Conversation }) {
  const { connection } = conversation;
  const error = "error" in connection ? connection.error : undefined;
  return (
    <span role="status" className={`connection ${connection.kind}`} title={error}>
      {words[connection.kind]}
    </span>
  );
}

const words = {
  connecting: "connecting …",
  live: "live",
  waiting: "reconnecting …",
  missing: "not found",
  deleted: "deleted",
  failed: "stopped",
  file: "file",
};
