/** What the driver sends in this process, heard where it tells about itself. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** A statement with its values in place or beside it. */
export interface Sent {
  readonly query: string;
  readonly values: readonly (string | number | Buffer | null)[];
}

const CHANNELS = ["tracing:mysql2:execute:start", "tracing:mysql2:query:start"];

/**
 * The statements that `work` makes the driver send, prepared ones with their values beside
 * them. Several in one query come apart, so values must have no `;` before a line's end.
 */
export async function sentBy(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent = await queriesBy(work);
  return sent.flatMap(({ query, values }) => query.split(";\n").map((text) => ({ query: text, values })));
}

/** The same, several statements in one query as the one round trip that they are. */
export async function queriesBy(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const listen = (message: unknown) => {
    const { query, values } = message as { query: string; values?: Sent["values"] };
    sent.push({ query, values: values ?? [] });
  };
  for (const channel of CHANNELS) subscribe(channel, listen);
  try {
    await work();
  } finally {
    for (const channel of CHANNELS) unsubscribe(channel, listen);
  }
  return sent;
}
