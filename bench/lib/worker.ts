/** A process that runs rounds of a case: JSON lines in, JSON lines out. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What a round measured; times in milliseconds unless the name says otherwise. */
export interface RoundReport {
  readonly operations: number;
  readonly seconds: number;
  /** CPU time of the worker in the timed part. */
  readonly cpuSeconds: number;
  readonly p50: number | null;
  readonly p99: number | null;
  /** The most frequent errors, by message. */
  readonly errors: Readonly<Record<string, number>>;
  readonly errorCount: number;
  readonly facts: Readonly<Record<string, number>>;
}

/** What a worker is told first. */
export interface Setup {
  readonly setup: string;
  readonly service: string;
  /** gRPC target, or the URL of the service's own database. */
  readonly address: string;
  /** URL of the service's database. */
  readonly database: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A running worker. */
export class Worker {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;
  private errors = "";

  /** Starts the process. */
  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [program = "", ...args] = command;
    this.child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    running.add(this.child);
    this.child.once("close", () => running.delete(this.child));
    this.child.stdin?.on("error", () => {});
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.errors = (this.errors + text).slice(-4_000);
    });
    if (this.child.stdout === null) throw new Error("a worker without output");
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Prepares a case; the facts that hold for all rounds. @throws Error with what the worker said */
  async setup(setup: Setup): Promise<Readonly<Record<string, number>>> {
    return (await this.ask(setup)) as Record<string, number>;
  }

  /** Runs one round. @throws Error with what the worker said */
  async round(seconds: number): Promise<RoundReport> {
    return (await this.ask({ seconds })) as RoundReport;
  }

  /** Ends the process and waits until it is gone. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, "close");
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 5_000);
    await closed;
    clearTimeout(timer);
  }

  private async ask(order: unknown): Promise<unknown> {
    this.child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error(`a worker ended: ${this.errors}`);
    const answer = JSON.parse(value) as { ok?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.ok;
  }
}
