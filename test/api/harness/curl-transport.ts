/** The curl program and JSON: what a person with a terminal has. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import {
  create,
  type DescMessage,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  toJson,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { firstOf, type HeadersInit, pathOf } from "./transport.ts";
import { type ErrorJson, errorFromJson } from "./wire-error.ts";

/** A transport that runs curl for each call. */
export function curlTransport(baseUrl: string): Transport {
  return {
    async unary(method, signal, timeoutMs, header, input) {
      const curl = run(baseUrl + pathOf(method), "application/json", signal, timeoutMs, header);
      curl.stdin.end(JSON.stringify(requestJson(method.input, input)));
      const chunks: Buffer[] = [];
      for await (const chunk of curl.stdout) chunks.push(chunk);
      await exit(curl, signal);
      const response = splitResponse(Buffer.concat(chunks));
      const json = JSON.parse(response.body) as JsonValue;
      if (response.status !== 200) throw errorFromJson(json as unknown as ErrorJson);
      return {
        stream: false,
        service: method.parent,
        method,
        header: response.headers,
        trailer: new Headers(),
        message: fromJson(method.output, json),
      };
    },
    async stream(method, signal, timeoutMs, header, input) {
      const curl = run(baseUrl + pathOf(method), "application/connect+json", signal, timeoutMs, header);
      curl.stdin.end(envelope(JSON.stringify(requestJson(method.input, await firstOf(input)))));
      return {
        stream: true,
        service: method.parent,
        method,
        header: new Headers(),
        trailer: new Headers(),
        message: messagesOf(curl, signal, (json) => fromJson(method.output, json)),
      };
    },
  };
}

function run(
  url: string,
  contentType: string,
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
  header: HeadersInit | undefined,
): ChildProcessWithoutNullStreams {
  const headers: [string, string][] = [...new Headers(header)];
  headers.push(["content-type", contentType], ["connect-protocol-version", "1"]);
  if (timeoutMs !== undefined) headers.push(["connect-timeout-ms", String(timeoutMs)]);
  const args = ["--silent", "--show-error", "--no-buffer", "--include", "--data-binary", "@-"];
  // curl would wait for a 100 Continue before a large body.
  const curl = spawn("curl", [
    ...args,
    ...headers.flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
    ...["--header", "expect:"],
    url,
  ]);
  curl.stdin.on("error", () => {}); // The exit code tells.
  const stop = () => curl.kill("SIGKILL");
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  return curl;
}

async function exit(curl: ChildProcessWithoutNullStreams, signal: AbortSignal | undefined): Promise<void> {
  const code =
    curl.exitCode ?? curl.signalCode ?? (await new Promise((resolve) => curl.once("exit", resolve)));
  if (signal?.aborted) throw new ConnectError("aborted by the caller", Code.Canceled);
  if (code !== 0) throw new ConnectError(`curl ended with ${String(code)}`, Code.Unavailable);
}

function requestJson<I extends DescMessage>(schema: I, input: MessageInitShape<I>): JsonValue {
  return toJson(schema, create(schema, input));
}

const endOfHead = "\r\n\r\n";

function splitResponse(response: Buffer): { status: number; headers: Headers; body: string } {
  const end = response.indexOf(endOfHead);
  const [first = "", ...lines] = response.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Headers(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as [string, string];
    }),
  );
  return {
    status: Number(first.split(" ")[1]),
    headers,
    body: response.subarray(end + endOfHead.length).toString("utf8"),
  };
}

/** Connect's frame: a byte of flags, four of length, the message. */
function envelope(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

const lastFrame = 2;

async function* messagesOf<T>(
  curl: ChildProcessWithoutNullStreams,
  signal: AbortSignal | undefined,
  decode: (json: JsonValue) => T,
): AsyncIterable<T> {
  let ended = false;
  try {
    for await (const { flags, text } of framesOf(curl)) {
      const json = JSON.parse(text) as JsonValue;
      if ((flags & lastFrame) === 0) yield decode(json);
      else {
        ended = true;
        const { error } = json as unknown as { error?: ErrorJson };
        if (error) throw errorFromJson(error);
      }
    }
    await exit(curl, signal);
    if (!ended) throw new ConnectError("the stream has no end", Code.Unavailable);
  } finally {
    curl.kill("SIGKILL");
  }
}

async function* framesOf(
  curl: ChildProcessWithoutNullStreams,
): AsyncIterable<{ flags: number; text: string }> {
  let parts: Buffer[] = [];
  let inBody = false;
  // Parts of a large frame are put together once, when it is there.
  let needed = 0;
  for await (const chunk of curl.stdout) {
    parts.push(chunk);
    if (parts.reduce((sum, part) => sum + part.length, 0) < needed) continue;
    let rest = Buffer.concat(parts);
    parts = [rest];
    if (!inBody) {
      const end = rest.indexOf(endOfHead);
      if (end === -1) continue;
      rest = rest.subarray(end + endOfHead.length);
      inBody = true;
    }
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const length = rest.readUInt32BE(1);
      yield { flags: rest[0] as number, text: rest.subarray(5, 5 + length).toString("utf8") };
      rest = rest.subarray(5 + length);
    }
    needed = rest.length < 5 ? 5 : 5 + rest.readUInt32BE(1);
    parts = [rest];
  }
}
