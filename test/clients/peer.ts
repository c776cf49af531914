/**
 * A program in each language that is told what to do by lines, so that it starts once for all tests.
 *
 * It is started with the server's host:port, prints `{"id":0}`, and answers every line `{"id", "do", …}` of its standard
 * input with `{"id", "result"}` or `{"id", "error"}`, in any order. It ends with its input. Events and state travel as
 * text: the JSON that the language's ADK itself makes and reads, which is not the client's.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { type Language, languages } from "./languages.ts";
import { prepare } from "./prepare.ts";

/** App, user and session. */
export interface Key {
  readonly app: string;
  readonly user: string;
  readonly session: string;
}

/** A session: state and events in JSON of ADK, and the time of the last update as ADK has it. */
export interface ReadSession {
  readonly state: string;
  readonly events: readonly string[];
  readonly time: number | string;
}

/** An event that a tail gave. */
export interface Seen {
  readonly seq: number;
  readonly id: string;
  readonly author: string;
}

/** One language's program, running. */
export class Peer {
  readonly language: Language;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #started = Promise.withResolvers<unknown>();
  #last = 0;
  #errors = "";

  private constructor(language: Language, child: ChildProcess) {
    this.language = language;
    this.#child = child;
    this.#waiting.set(0, this.#started);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    // Not readline's lines, which end at U+2028 too.
    let rest = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#answered(line);
    });
    child.on("error", (error) => this.#ended(error.message));
    child.on("close", (code, signal) => this.#ended(`${signal ?? code}`));
  }

  /** Starts the program of a language. */
  static async start(language: Language, target: string): Promise<Peer> {
    const { command, env } = await prepare[language]();
    const child = spawn(command[0], [...command.slice(1), target], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const peer = new Peer(language, child);
    await peer.#started.promise;
    return peer;
  }

  /** Starts all of them. One after the other builds; each of them takes what the machine has. */
  static async startAll(target: string): Promise<Readonly<Record<Language, Peer>>> {
    const peers: Partial<Record<Language, Peer>> = {};
    try {
      for (const language of languages) peers[language] = await Peer.start(language, target);
    } catch (error) {
      await Promise.all(Object.values(peers).map((peer) => peer.stop()));
      throw error;
    }
    return peers as Record<Language, Peer>;
  }

  /** Makes a session, and appends the events one by one. */
  async write(key: Key, events: readonly string[]): Promise<void> {
    await this.#ask({ do: "write", key, events });
  }

  /** The session as the language's ADK has it. */
  async read(key: Key): Promise<ReadSession> {
    return (await this.#ask({ do: "read", key })) as ReadSession;
  }

  /** The ids of the stored events that are not equal, by the language's own comparison, to the written ones. */
  async unequal(key: Key, events: readonly string[]): Promise<readonly string[]> {
    return (await this.#ask({ do: "unequal", key, events })) as string[];
  }

  /** The names of the fields that the language's ADK declares. */
  async declared(): Promise<Readonly<Record<"event" | "actions" | "part", readonly string[]>>> {
    return (await this.#ask({ do: "declared" })) as Record<"event" | "actions" | "part", string[]>;
  }

  /** Leads one turn with the language's Runner, and gives the agent's answer. */
  async turn(key: Key, text: string): Promise<string> {
    return (await this.#ask({ do: "turn", key, text })) as string;
  }

  /** Begins to follow a session; resolves when the tail is live. */
  async follow(key: Key): Promise<void> {
    await this.#ask({ do: "follow", key });
  }

  /** All that the tail gave, once that is so much. */
  async seen(count: number): Promise<readonly Seen[]> {
    return (await this.#ask({ do: "seen", count })) as Seen[];
  }

  /** Ends the program. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  }

  async #ask(request: object): Promise<unknown> {
    const id = ++this.#last;
    const reply = Promise.withResolvers<unknown>();
    this.#waiting.set(id, reply);
    this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    return reply.promise;
  }

  #answered(line: string): void {
    // ADK's logs, which go to the standard output in some languages.
    if (!line.startsWith('{"id"')) {
      this.#errors = `${this.#errors}${line}\n`.slice(-4000);
      return;
    }
    const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
    const reply = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) reply?.resolve(result);
    else reply?.reject(new Error(`${this.language}: ${error}`));
  }

  #ended(how: string): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`the program in ${this.language} ended (${how}); it printed:\n${this.#errors}`));
    }
    this.#waiting.clear();
  }
}
