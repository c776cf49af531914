/** `sessiond sessions`: looks at sessions of a running server, and deletes one. */
import { toJsonString } from "@bufbuild/protobuf";
import { SessionSchema } from "../../clients/typescript/src/index.ts";
import { didYouMean, UsageError } from "../config/usage.ts";
import { StartError } from "../store/errors.ts";
import { type Rest, takeSwitch, takeValue } from "./flags.ts";
import { LiveOutput, messageOf } from "./live-output.ts";
import { takeServer } from "./remote.ts";
import { sessionLine, sessionText } from "./session-text.ts";

type Remote = ReturnType<typeof takeServer>;

const ACTIONS: Readonly<Record<string, (rest: Rest) => Promise<void>>> = { list, show, delete: remove };
const DEFAULT_LIMIT = 50;
const PAGE = 200;

/** Lists, shows or deletes. @throws UsageError, StartError */
export async function sessions([action, ...args]: readonly string[]): Promise<void> {
  const names = Object.keys(ACTIONS);
  if (action === undefined) throw new UsageError(`sessions needs one of ${names.join(", ")}`);
  const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (run === undefined) {
    throw new UsageError(`there is no sessions ${JSON.stringify(action)}${didYouMean(action, names)}`);
  }
  await run({ args });
}

async function list(given: Rest): Promise<void> {
  const json = takeSwitch("--json", given);
  const user = takeValue("--user", "ID", json);
  const limit = takeValue("--limit", "N", user);
  const remote = takeServer(limit, process.env);
  const [appName] = words(remote, ["APP"]);
  let left = readLimit(limit.value);
  const out = new LiveOutput();
  let pageToken = "";
  await asking(remote, async ({ client }) => {
    do {
      const pageSize = Math.min(left, PAGE);
      const key = { appName, userId: user.value ?? "" };
      const page = await client.listSessions({ key, pageSize, pageToken }, { signal: out.signal });
      for (const session of page.sessions) {
        await out.print(
          json.given ? `${toJsonString(SessionSchema, session)}\n` : sessionLine(session, out.style),
        );
      }
      left -= page.sessions.length;
      pageToken = page.nextPageToken;
    } while (left > 0 && pageToken !== "" && !out.signal.aborted);
  });
}

async function show(given: Rest): Promise<void> {
  const json = takeSwitch("--json", given);
  const remote = takeServer(json, process.env);
  const [appName, userId, sessionId] = words(remote, ["APP", "USER", "SESSION"]);
  const out = new LiveOutput();
  await asking(remote, async ({ client }) => {
    const { session } = await client.getSession({ key: { appName, userId, sessionId } });
    if (session === undefined) throw new Error("the server gave no session");
    await out.print(
      json.given ? `${toJsonString(SessionSchema, session)}\n` : sessionText(session, out.style),
    );
  });
}

async function remove(given: Rest): Promise<void> {
  const remote = takeServer(given, process.env);
  const [appName, userId, sessionId] = words(remote, ["APP", "USER", "SESSION"]);
  await asking(remote, async ({ client }) => {
    const { deleted } = await client.deleteSession({ key: { appName, userId, sessionId } });
    if (!deleted) throw new Error("there is no such session");
    process.stdout.write("deleted\n");
  });
}

function words<const Names extends readonly string[]>(
  { args }: Rest,
  names: Names,
): { readonly [K in keyof Names]: string } {
  const flag = args.find((arg) => arg.startsWith("--"));
  if (flag !== undefined) throw new UsageError(`there is no flag ${flag} here; see sessiond sessions --help`);
  if (args.length !== names.length || args.includes("")) {
    throw new UsageError(`it takes ${names.join(" ")}; see sessiond sessions --help`);
  }
  return args as unknown as { readonly [K in keyof Names]: string };
}

function readLimit(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new UsageError("--limit is how many sessions to list: 1 or more");
  return Number(value);
}

async function asking(remote: Remote, work: (remote: Remote) => Promise<void>): Promise<void> {
  try {
    await work(remote);
  } catch (error) {
    throw new StartError(`${remote.url}: ${messageOf(error)}`, { cause: error });
  }
}
