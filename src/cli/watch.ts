/** `sessiond watch`. */
import { toJsonString } from "@bufbuild/protobuf";
import {
  SessionKeySchema,
  SessionSchema,
  type WatchUpdate,
  watch as watchSessions,
} from "../../clients/typescript/src/index.ts";
import { UsageError } from "../config/usage.ts";
import { StartError } from "../store/errors.ts";
import { takeSwitch, takeValue } from "./flags.ts";
import { LiveOutput, messageOf } from "./live-output.ts";
import { takeServer } from "./remote.ts";
import { nameText, sessionLine } from "./session-text.ts";

const DEFAULT_LISTED = 20;

/** Prints the newest sessions and what happens to all, until the user has enough. @throws UsageError, StartError */
export async function watch(given: readonly string[]): Promise<void> {
  const json = takeSwitch("--json", { args: given });
  const user = takeValue("--user", "ID", json);
  const listed = takeValue("--listed", "N", user);
  const { client, url, args } = takeServer(listed, process.env);
  const [appName, ...rest] = args;
  if (!appName || rest.length > 0 || appName.startsWith("--")) {
    throw new UsageError("watch takes an app: sessiond watch APP [--user ID]");
  }
  const maxListed = readListed(listed.value);
  const out = new LiveOutput();
  const key = { appName, userId: user.value ?? "" };
  let opened = false;
  try {
    for await (const update of watchSessions(client, { key, maxListed, signal: out.signal })) {
      // A server that is not there at the first call is a mistake; one that goes away later is waited for.
      if (update.kind === "waiting" && !opened) throw update.error ?? new Error("the stream was closed");
      opened = true;
      await show(out, json.given, update);
    }
  } catch (error) {
    throw new StartError(`${url}: ${messageOf(error)}`, { cause: error });
  }
}

function readListed(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LISTED;
  if (!/^\d{1,6}$/.test(value))
    throw new UsageError("--listed is how many sessions to list at first: 0 or more");
  return Number(value);
}

async function show(out: LiveOutput, json: boolean, update: WatchUpdate): Promise<void> {
  switch (update.kind) {
    case "listed":
    case "created":
    case "changed": {
      const sign = { listed: " ", created: "+", changed: "~" }[update.kind];
      for (const session of update.kind === "listed" ? update.sessions : [update.session]) {
        const line = (): string => `{"${update.kind}":${toJsonString(SessionSchema, session)}}\n`;
        await out.print(json ? line() : `${sign} ${sessionLine(session, out.style)}`);
      }
      break;
    }
    case "deleted": {
      const { key, uid } = update;
      const keyJson = key === undefined ? "null" : toJsonString(SessionKeySchema, key);
      const line = `{"deleted":{"key":${keyJson},"uid":${JSON.stringify(uid)}}}\n`;
      await out.print(json ? line : `- ${nameText(key)}\n`);
      break;
    }
    case "reset":
      out.note("what happened meanwhile is no longer known; a fresh list follows");
      break;
    case "waiting":
      out.noteWaiting(update);
  }
}
