/** Where commands print what comes while it comes. */
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Waiting } from "../../clients/typescript/src/index.ts";
import { coloured, plain, type Style, safe } from "./conversation-text.ts";

/** The standard output, and what ends it: Ctrl-C, SIGTERM, a reader that has gone (`| head`). */
export class LiveOutput {
  /** Colours, on a terminal whose user wants some. */
  readonly style: Style;
  readonly #end = new AbortController();

  constructor() {
    this.style = process.stdout.isTTY && !process.env["NO_COLOR"] ? coloured : plain;
    const end = (): void => this.#end.abort();
    process.once("SIGINT", end).once("SIGTERM", end);
    process.stdout.on("error", end);
  }

  /** Aborts when nobody wants more. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Waits for the reader of the output, so that little is held for one who is slow. */
  async print(text: string): Promise<void> {
    if (process.stdout.write(text) || this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      process.stdout.once("drain", resolve);
      this.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Says something about the stream itself, on stderr. */
  note(text: string): void {
    process.stderr.write(`sessiond: ${text}\n`);
  }

  /** Says that a connection was lost, unless the server closed it in good order. */
  noteWaiting({ error, delayMs }: Waiting): void {
    if (error === undefined) return;
    this.note(`connection lost, again in ${Math.ceil(delayMs / 1000)} s: ${messageOf(error)}`);
  }
}

/** What a server's or a connection's error says to a person. */
export function messageOf(error: unknown): string {
  const { rawMessage, code, message } = error as Partial<ConnectError>;
  const text = safe(rawMessage ?? message ?? String(error));
  return code === Code.Unavailable ? `no server answers there (${text})` : text;
}
