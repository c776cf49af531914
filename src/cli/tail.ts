/** `sessiond tail`. */
import { toJsonString } from "@bufbuild/protobuf";
import {
  ChangedFrameSchema,
  EventSchema,
  tail as follow,
  type TailUpdate,
} from "../../clients/typescript/src/index.ts";
import { UsageError } from "../config/usage.ts";
import { StartError } from "../store/errors.ts";
import { changeText, eventText } from "./conversation-text.ts";
import { takeSwitch, takeValue } from "./flags.ts";
import { LiveOutput, messageOf } from "./live-output.ts";
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
  const out = new LiveOutput();
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
      await show(out, json.given, update);
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

async function show(out: LiveOutput, json: boolean, update: TailUpdate): Promise<void> {
  switch (update.kind) {
    case "events":
      for (const event of update.events) {
        await out.print(json ? `${toJsonString(EventSchema, event)}\n` : eventText(event, out.style));
      }
      break;
    case "changed": {
      const { change } = update;
      const line = (): string => `{"changed":${toJsonString(ChangedFrameSchema, change)}}\n`;
      await out.print(json ? line() : changeText(change, out.style));
      break;
    }
    case "ended":
      out.note(`the session was ${update.reason}`);
      break;
    case "waiting":
      out.noteWaiting(update);
  }
}
