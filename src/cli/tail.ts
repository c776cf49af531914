/** `sessiond tail`. */
import { toJsonString } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import {
  ChangedFrameSchema,
  EventSchema,
  tail as follow,
  type TailUpdate,
} from "../../clients/typescript/src/index.ts";
import { UsageError } from "../config/usage.ts";
import { StartError } from "../store/errors.ts";
import { changeText, coloured, eventText, plain, type Style, safe } from "./conversation-text.ts";
import { takeSwitch, takeValue } from "./flags.ts";
import { takeServer } from "./remote.ts";

/**
 * Prints a conversation and what comes, until it is deleted or the user has enough.
 * @throws UsageError, StartError if there is no such session or server
 */
export async function tail(given: readonly string[]): Promise<void> {
  const json = takeSwitch("--json", { args: given });
  const from = takeValue("--from", "N", json);
  const { client, url, args } = takeServer(from, process.env);
  const [appName, userId, sessionId, ...rest] = args;
  if (!appName || !userId || !sessionId || rest.length > 0 || args.some((arg) => arg.startsWith("--"))) {
    throw new UsageError("tail takes an app, a user and a session: sessiond tail APP USER SESSION");
  }
  const afterSeq = readFrom(from.value);
  const out = new Output(json.given);
  const updates = follow(client, {
    key: { appName, userId, sessionId },
    signal: out.signal,
    ...(afterSeq === undefined ? {} : { afterSeq }),
  });
  let opened = false;
  try {
    for await (const update of updates) {
      // A server that is not there at the first call is a mistake; one that goes away later is waited for.
      if (update.kind === "waiting" && !opened) throw update.error ?? new Error("the stream was closed");
      opened ||= update.kind === "opened";
      await out.show(update);
    }
  } catch (error) {
    throw new StartError(`${url}: ${messageOf(error)}`, { cause: error });
  }
}

function readFrom(value: string | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(value)) throw new UsageError("--from is the seq of an event: 1 or more");
  return BigInt(value) - 1n;
}

function messageOf(error: unknown): string {
  const { rawMessage, code, message } = error as Partial<ConnectError>;
  const text = safe(rawMessage ?? message ?? String(error));
  return code === Code.Unavailable ? `no server answers there (${text})` : text;
}

/** Where it is printed, and what ends it: Ctrl-C, SIGTERM, a reader that has gone (`| head`). */
class Output {
  readonly #json: boolean;
  readonly #style: Style;
  readonly #end = new AbortController();

  constructor(json: boolean) {
    this.#json = json;
    const colours = process.stdout.isTTY && !process.env["NO_COLOR"];
    this.#style = colours ? coloured : plain;
    const end = (): void => this.#end.abort();
    process.once("SIGINT", end).once("SIGTERM", end);
    process.stdout.on("error", end);
  }

  /** Aborts when nobody wants more. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  async show(update: TailUpdate): Promise<void> {
    switch (update.kind) {
      case "events":
        for (const event of update.events) {
          await this.#print(
            this.#json ? `${toJsonString(EventSchema, event)}\n` : eventText(event, this.#style),
          );
        }
        break;
      case "changed": {
        const { change } = update;
        const line = (): string => `{"changed":${toJsonString(ChangedFrameSchema, change)}}\n`;
        await this.#print(this.#json ? line() : changeText(change, this.#style));
        break;
      }
      case "ended":
        this.#note(`the session was ${update.reason}`);
        break;
      case "waiting":
        if (update.error !== undefined) {
          this.#note(
            `connection lost, again in ${Math.ceil(update.delayMs / 1000)} s: ${messageOf(update.error)}`,
          );
        }
    }
  }

  /** Waits for the reader of the output, so that little is held for one who is slow. */
  async #print(text: string): Promise<void> {
    if (process.stdout.write(text) || this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      process.stdout.once("drain", resolve);
      this.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #note(text: string): void {
    process.stderr.write(`sessiond: ${text}\n`);
  }
}
