/** Long histories, loaded quickly. */
import type { Api } from "./clients.ts";
import { type EventInit, type Key, newEvent, newKey } from "./samples.ts";

/** Events of one batch; what a server takes at most. */
const batchSize = 1_000;

/** Makes a session with so many events, two batches at a time on their way; `fields` of all of them, or by seq. */
export async function loadHistory(
  api: Api,
  count: number,
  fields: EventInit | ((seq: number) => EventInit) = {},
): Promise<Key> {
  const key = newKey();
  await api.createSession({ key });
  let previous: Promise<unknown> = Promise.resolve();
  for (let from = 0; from < count; from += batchSize) {
    const events = Array.from({ length: Math.min(batchSize, count - from) }, (_, at) =>
      newEvent({
        id: `e${from + at + 1}`,
        ...(typeof fields === "function" ? fields(from + at + 1) : fields),
      }),
    );
    const sent = api.batchAppendEvents({ key, events });
    await previous;
    previous = sent;
  }
  await previous;
  return key;
}
