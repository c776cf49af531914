/** Python's grpcio through the plain generated stubs, in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { create, type DescMethod, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import { findPython, must, root, venvPython } from "../../../scripts/lib.ts";
import { withLock } from "../../support/databases/lock.ts";
import { type ClosableTransport, firstOf, type HeadersInit } from "./transport.ts";

/** What a user of the plain stubs installs, and google.rpc's messages to decode error details. */
const pins = ["protobuf==7.36.2", "grpcio==1.85.1", "googleapis-common-protos==1.76.0"] as const;

const installed = pins.join(" ");
const venv = join(
  root,
  ".cache/api-python",
  createHash("sha256").update(installed).digest("hex").slice(0, 12),
);

/** The interpreter that has `pins`, once `preparePython` is done. */
export const pythonOfStubs = venvPython(venv);

/** Installs `pins` once per checkout and version, whichever suite comes first. */
export function preparePython(): Promise<void> {
  return withLock("api-python", async () => {
    const stamp = join(venv, "installed");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === installed) return;
    rmSync(venv, { recursive: true, force: true });
    must(findPython(), ["-m", "venv", venv]);
    must(pythonOfStubs, ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", ...pins]);
    writeFileSync(stamp, installed);
  });
}

interface Answer {
  readonly id: number;
  readonly message?: string;
  readonly end?: true;
  readonly error?: {
    readonly code: number;
    readonly text: string;
    readonly details: readonly { readonly type: string; readonly value: string }[];
  };
}

/** A transport over one Python process and its channel to `address`. */
export function pythonTransport(address: string): ClosableTransport {
  const peer = new Peer(address);
  return {
    async unary(method, signal, timeoutMs, header, input) {
      for await (const bytes of peer.call("unary", method, input, signal, timeoutMs, header)) {
        const message = fromBinary(method.output, bytes);
        const [empty, trailer] = [new Headers(), new Headers()];
        return { stream: false, service: method.parent, method, header: empty, trailer, message };
      }
      throw new Error("an answer without a message");
    },
    async stream(method, signal, timeoutMs, header, input) {
      const request = await firstOf(input);
      const answers = peer.call("stream", method, request, signal, timeoutMs, header);
      async function* messages() {
        for await (const bytes of answers) yield fromBinary(method.output, bytes);
      }
      const [empty, trailer] = [new Headers(), new Headers()];
      return { stream: true, service: method.parent, method, header: empty, trailer, message: messages() };
    },
    close: () => peer.close(),
  };
}

class Peer {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly listeners = new Map<number, (answer: Answer) => void>();
  private lastId = 0;
  private complaints = "";

  constructor(address: string) {
    this.child = spawn(pythonOfStubs, ["-W", "error", join(import.meta.dirname, "python_peer.py"), address], {
      env: { ...process.env, PYTHONPATH: join(root, "gen/python") },
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.complaints += text;
    });
    this.child.stdin.on("error", () => {}); // `close` below tells.
    createInterface(this.child.stdout).on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      this.listeners.get(answer.id)?.(answer);
    });
    this.child.once("close", () => {
      const error = { code: 13, text: `the Python process ended:\n${this.complaints}`, details: [] };
      for (const [id, listener] of this.listeners) listener({ id, error });
    });
  }

  async *call<M extends DescMethod>(
    kind: "unary" | "stream",
    method: M,
    input: MessageInitShape<M["input"]>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
  ): AsyncGenerator<Uint8Array> {
    const id = ++this.lastId;
    const answers: Answer[] = [];
    let wake = () => {};
    this.listeners.set(id, (answer) => {
      answers.push(answer);
      wake();
    });
    const cancel = () => this.send({ id, kind: "cancel" });
    signal?.addEventListener("abort", cancel, { once: true });
    const request = Buffer.from(toBinary(method.input, create(method.input, input))).toString("base64");
    const timeout = timeoutMs === undefined ? null : timeoutMs / 1_000;
    this.send({ id, kind, method: method.name, request, timeout, metadata: [...new Headers(header)] });
    if (signal?.aborted) cancel();
    let ended = false;
    try {
      for (;;) {
        const answer = answers.shift();
        if (answer === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        ended = answer.message === undefined || kind === "unary";
        if (answer.error) throw toConnectError(answer.error);
        if (answer.end) return;
        yield new Uint8Array(Buffer.from(answer.message ?? "", "base64"));
        if (ended) return;
      }
    } finally {
      this.listeners.delete(id);
      signal?.removeEventListener("abort", cancel);
      if (!ended) cancel();
    }
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const closed = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin.end();
    await closed;
  }

  private send(line: Readonly<Record<string, unknown>>): void {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }
}

function toConnectError({ code, text, details }: NonNullable<Answer["error"]>): ConnectError {
  const failure = new ConnectError(text, code as Code);
  failure.details = details.map(({ type, value }) => ({
    type,
    value: new Uint8Array(Buffer.from(value, "base64")),
  }));
  return failure;
}
