/** From rows that arrive on their own to chunks that a reader asks for. */

/**
 * Starts `produce` when the reader asks first, and gives what it pushes in chunks of at
 * most `size`: whatever has come in meanwhile. Nothing makes the producer wait, so it
 * must be bounded by itself. What it pushed before it failed is given first. `stop`
 * aborts when `signal` does, or when the reader leaves early.
 */
export async function* feed<T>(
  signal: AbortSignal | undefined,
  size: number,
  produce: (push: (item: T) => void, stop: AbortSignal) => Promise<void>,
): AsyncGenerator<T[]> {
  const items: T[] = [];
  let at = 0;
  let wake = () => {};
  let end: { readonly error?: unknown } | undefined;
  const left = new AbortController();
  const stop = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const push = (item: T) => {
    items.push(item);
    wake();
  };
  const producing = produce(push, stop).then(
    () => {
      end = {};
      wake();
    },
    (error: unknown) => {
      end = { error };
      wake();
    },
  );
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (at < items.length) {
        const chunk = items.slice(at, at + size);
        at += chunk.length;
        if (at === items.length) {
          items.length = 0;
          at = 0;
        }
        yield chunk;
      } else if (end !== undefined) {
        if ("error" in end) throw end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    left.abort();
    await producing;
  }
}
