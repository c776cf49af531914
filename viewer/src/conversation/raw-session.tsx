import { ConnectError } from "@connectrpc/connect";
import { useEffect, useState } from "react";
import type { Conversation } from "../model/conversation.ts";
import { sessionRecordJson } from "../model/event-json.ts";
import { prettyJson } from "../model/json.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { LongText } from "../ui/long-text.tsx";

/** The session without its events, exactly as it is stored at the moment. */
export function RawSession({ conversation }: { readonly conversation: Conversation }) {
  const { text, error } = useStored(conversation);
  return (
    <section className="raw raw-session" aria-label="The session as JSON" aria-busy={text === undefined}>
      {error !== undefined && <p className="error">{error}</p>}
      {text !== undefined && (
        <>
          <CopyButton label="Copy JSON" text={() => text} />
          <LongText text={prettyJson(text)} />
        </>
      )}
    </section>
  );
}

interface Stored {
  readonly text: string | undefined;
  readonly error: string | undefined;
}

/** The session's JSON, read again whenever the session is known to have changed. */
function useStored(conversation: Conversation): Stored {
  const [stored, setStored] = useState<Stored>({ text: undefined, error: undefined });
  const revision = conversation.session?.revision;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change is what makes it necessary
  useEffect(() => {
    const stop = new AbortController();
    conversation.stored(stop.signal).then(
      (session) => setStored({ text: sessionRecordJson(session), error: undefined }),
      (error: unknown) => {
        if (!stop.signal.aborted) setStored({ text: undefined, error: ConnectError.from(error).rawMessage });
      },
    );
    return () => stop.abort();
  }, [conversation, revision]);
  return stored;
}
