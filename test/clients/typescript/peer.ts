/** TypeScript's side of the clients' common tests: does what the lines of its standard input say (see ../peer.ts). */
import { isDeepStrictEqual } from "node:util";
import {
  BaseLlm,
  type CompactedEvent,
  createEvent,
  type Event,
  type EventActions,
  FunctionTool,
  isFinalResponse,
  LlmAgent,
  type LlmRequest,
  type LlmResponse,
  Runner,
  type Session,
} from "@google/adk";
import { SessiondSessionService } from "sessiond-client/adk";
import { z } from "zod";

interface Key {
  readonly app: string;
  readonly user: string;
  readonly session: string;
}

interface Request {
  readonly id: number;
  readonly do: keyof typeof commands;
  readonly key: Key;
  readonly events: readonly string[];
  readonly text: string;
  readonly count: number;
}

interface Seen {
  readonly seq: number;
  readonly id: string;
  readonly author: string;
}

type Part = NonNullable<NonNullable<Event["content"]>["parts"]>[number];

// Types are gone at run time: tsc says where these are not what ADK declares.
const eventFields: Record<Exclude<keyof (Event & CompactedEvent), symbol>, true> = {
  content: true,
  groundingMetadata: true,
  citationMetadata: true,
  partial: true,
  turnComplete: true,
  errorCode: true,
  errorMessage: true,
  interrupted: true,
  customMetadata: true,
  usageMetadata: true,
  finishReason: true,
  liveSessionResumptionUpdate: true,
  goAway: true,
  inputTranscription: true,
  outputTranscription: true,
  interactionId: true,
  modelVersion: true,
  liveSessionId: true,
  id: true,
  invocationId: true,
  author: true,
  actions: true,
  longRunningToolIds: true,
  branch: true,
  timestamp: true,
  output: true,
  route: true,
  nodeInfo: true,
  isolationScope: true,
  isCompacted: true,
  startTime: true,
  endTime: true,
  compactedContent: true,
  isScratchpad: true,
};
const actionFields: Record<keyof EventActions, true> = {
  skipSummarization: true,
  stateDelta: true,
  artifactDelta: true,
  transferToAgent: true,
  escalate: true,
  requestedAuthConfigs: true,
  requestedToolConfirmations: true,
  agentState: true,
  endOfAgent: true,
};
const partFields: Record<keyof Part, true> = {
  mediaResolution: true,
  toolCall: true,
  toolResponse: true,
  audioTranscription: true,
  codeExecutionResult: true,
  executableCode: true,
  fileData: true,
  functionCall: true,
  functionResponse: true,
  inlineData: true,
  text: true,
  thought: true,
  thoughtSignature: true,
  videoMetadata: true,
  partMetadata: true,
  mediaProcessing: true,
  speechMetadata: true,
};

const language = "typescript";
const sessionService = new SessiondSessionService(process.argv[2] ?? "");
const followed: Seen[] = [];
let moved = Promise.withResolvers<void>();

const commands = {
  async write({ key, events }: Request) {
    const session = await sessionService.createSession({ ...names(key), state: {} });
    for (const text of events) await sessionService.appendEvent({ session, event: built(text) });
  },
  async read({ key }: Request) {
    const session = await sessionOf(key);
    return {
      state: JSON.stringify(session.state),
      events: session.events.map((event) => JSON.stringify(event)),
      time: session.lastUpdateTime,
    };
  },
  async unequal({ key, events }: Request) {
    const session = await sessionOf(key);
    return session.events
      .filter((event, index) => !isDeepStrictEqual(plain(event), plain(built(events[index] ?? ""))))
      .map((event) => event.id);
  },
  async declared(_: Request) {
    return {
      event: Object.keys(eventFields),
      actions: Object.keys(actionFields),
      part: Object.keys(partFields),
    };
  },
  async turn({ key, text }: Request) {
    const agent = new LlmAgent({ name: `${language}_agent`, model: new ScriptedModel(), tools: [carry] });
    const { appName, userId, sessionId } = names(key);
    const runner = new Runner({ appName, agent, sessionService });
    let answer = "";
    const newMessage = { role: "user", parts: [{ text }] };
    for await (const event of runner.runAsync({ userId, sessionId, newMessage })) {
      if (isFinalResponse(event)) answer = event.content?.parts?.[0]?.text ?? "";
    }
    return answer;
  },
  async follow({ key }: Request) {
    const live = Promise.withResolvers<void>();
    follow(key, live.resolve).catch(live.reject);
    await live.promise;
  },
  async seen({ count }: Request) {
    while (followed.length < count) await moved.promise;
    return followed;
  },
};

async function follow(key: Key, live: () => void): Promise<void> {
  for await (const update of sessionService.tail(names(key))) {
    if (update.kind === "caughtUp") live();
    if (update.kind !== "events") continue;
    for (const { seq, id, author = "" } of update.events) followed.push({ seq: Number(seq), id, author });
    moved.resolve();
    moved = Promise.withResolvers<void>();
  }
}

function names({ app, user, session }: Key) {
  return { appName: app, userId: user, sessionId: session };
}

async function sessionOf(key: Key): Promise<Session> {
  const found = await sessionService.getSession(names(key));
  if (found === undefined) throw new Error(`there is no session ${JSON.stringify(key)}`);
  return found;
}

/** The event of a text, which is ADK's own JSON. */
function built(text: string): Event {
  const data = JSON.parse(text, (_, value) => (value?.$ === "nan" ? Number.NaN : value)) as Event;
  const { stateDelta, ...actions } = data.actions;
  const event = createEvent(data);
  for (const [name, value] of Object.entries(stateDelta ?? {})) stateDelta[name] = native(value);
  return Object.assign(event, {
    actions: Object.assign(event.actions, actions, { stateDelta: stateDelta ?? {} }),
  });
}

/** The value, or what JSON has not in the place of its name. */
function native(value: unknown): unknown {
  const named = value as {
    readonly $: string;
    readonly base64: string;
    readonly is: string;
    readonly of: string[];
  };
  switch (named?.$) {
    case "nan":
      return Number.NaN;
    case "removed":
      return undefined;
    case "bytes":
      return Buffer.from(named.base64, "base64");
    case "set":
      return new Set(named.of);
    case "time":
      return new Date(named.is);
    default:
      return value;
  }
}

/** What a program can see of an event: its marks have no names. */
function plain(event: Event): unknown {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
}

/** Calls the tool, then tells what it said. */
class ScriptedModel extends BaseLlm {
  constructor() {
    super({ model: "scripted" });
  }

  override async *generateContentAsync({ contents }: LlmRequest): AsyncGenerator<LlmResponse, void> {
    const said = contents.at(-1)?.parts?.find((part) => part.functionResponse)?.functionResponse?.response;
    const part =
      said === undefined
        ? { functionCall: { name: "carry", args: {} } }
        : { text: `${language}: leg ${said["leg"]} after ${said["before"]}` };
    yield { content: { role: "model", parts: [part] } };
  }

  override connect(): Promise<never> {
    return Promise.reject(new Error("the script has no live conversation"));
  }
}

/** Takes the baton over: state in every scope. */
const carry = new FunctionTool({
  name: "carry",
  description: "Takes the baton over.",
  parameters: z.object({}),
  execute: (_, context) => {
    const state = context?.state;
    const leg = (state?.get<number>("leg") ?? 0) + 1;
    const languages = state?.get<string[]>("user:languages") ?? [];
    state?.set("leg", leg);
    state?.set("user:languages", [...languages, language]);
    state?.set("app:legs", (state.get<number>("app:legs") ?? 0) + 1);
    state?.set("temp:seen", true);
    return { leg, before: languages.at(-1) ?? "nobody" };
  },
});

async function answer(request: Request): Promise<void> {
  const reply = await commands[request.do](request).then(
    (result) => ({ id: request.id, result }),
    (error: unknown) => ({ id: request.id, error: String(error) }),
  );
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

process.stdout.write('{"id":0}\n');
// Not readline's lines, which end at U+2028 too.
let rest = "";
for await (const text of process.stdin.setEncoding("utf8")) {
  const lines = (rest + text).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) void answer(JSON.parse(line) as Request);
}
await sessionService.close();
process.exit();
