/** What a gRPC connection can be told, and how a URI says it. */
import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";

/** The target of a server on this machine with its default port. */
export const defaultTarget = "localhost:50051";

const scheme = "sessiond://";

/** Headers of a call; binary ones have a name that ends in `-bin`. */
export type CallMetadata = Readonly<Record<string, string | Uint8Array>>;

/** How a connection is made. Nothing in it is an open resource. */
export interface ConnectOptions {
  /** Whether the connection is encrypted. Naming a file or credentials turns it on. */
  readonly tls?: boolean;
  /** PEM file of the authorities to trust, instead of those that Node brings. */
  readonly caFile?: string;
  /** PEM file of the client's certificate chain, for mutual TLS. Needs `keyFile`. */
  readonly certFile?: string;
  /** PEM file of the client's private key. Needs `certFile`. */
  readonly keyFile?: string;
  /** gRPC channel credentials, or a function that makes them at the first call. */
  readonly credentials?: ChannelCredentials | (() => ChannelCredentials);
  /** Headers of every call, or a function that gives them at every call (a token that is renewed). */
  readonly metadata?: CallMetadata | (() => CallMetadata | Promise<CallMetadata>);
  /** gRPC channel options; they win over those that this package sets. */
  readonly channelOptions?: ChannelOptions;
}

/** Everything that can be set. */
export interface Options extends ConnectOptions {
  /**
   * What an append does when the session was changed since it was loaded: `reject` throws StaleSessionError and stores
   * nothing; `append` stores the event behind what the others wrote. `reject` when left out.
   */
  readonly onStale?: "reject" | "append";
  /**
   * How long a call may take with all its retries once its turn has come, in ms; 10,000 when left out. What a stream
   * brings of a history is not bounded by it.
   */
  readonly deadlineMs?: number;
  /** How long a history may stand still while it is read, in ms; 30,000 when left out. */
  readonly streamIdleMs?: number;
}

/** A target with its options, checked. */
export interface Settings extends Options {
  /** A gRPC target: `host:port`, `dns:///host:port`, `unix:/path`. */
  readonly target: string;
  readonly onStale: "reject" | "append";
  readonly deadlineMs: number;
  readonly streamIdleMs: number;
}

/**
 * Makes settings of a gRPC target, or of `sessiond://host[:port]?option=value&...`, and of options, which win over the
 * URI's. A URI has the option names of every sessiond client: `on_stale`, `deadline` and `stream_idle` (both in
 * seconds), `tls`, `ca_file`, `cert_file`, `key_file`.
 * @throws TypeError for a malformed URI or value, with the name of the option that is wrong
 */
export function parseTarget(target: string, options: Options = {}): Settings {
  const fromUri = target.startsWith(scheme) ? readUri(target) : { target };
  const settings = {
    onStale: "reject" as const,
    deadlineMs: 10_000,
    streamIdleMs: 30_000,
    ...fromUri,
    ...given(options),
  };
  check(settings);
  return settings;
}

/** Whether the connection uses TLS. */
export function isEncrypted({ tls, caFile, certFile, credentials }: ConnectOptions): boolean {
  return tls === true || caFile !== undefined || certFile !== undefined || credentials !== undefined;
}

function check(settings: Settings): void {
  const { target, onStale, certFile, keyFile, caFile, credentials } = settings;
  if (typeof target !== "string" || target === "") {
    throw new TypeError(
      "sessiond: the target is empty; it is host:port, sessiond://host:port or a gRPC target",
    );
  }
  if (onStale !== "reject" && onStale !== "append") {
    throw new TypeError(`sessiond: onStale is "reject" or "append", not ${JSON.stringify(onStale)}`);
  }
  for (const name of ["deadlineMs", "streamIdleMs"] as const) {
    // A timer of Node takes no more, and fires at once where it is given more.
    if (!(settings[name] > 0 && settings[name] < 2 ** 31)) {
      throw new TypeError(
        `sessiond: ${name} is a number of ms above 0 and below 2^31, not ${settings[name]}`,
      );
    }
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new TypeError("sessiond: certFile and keyFile go together");
  }
  if (credentials !== undefined && (caFile !== undefined || certFile !== undefined)) {
    throw new TypeError("sessiond: credentials exclude caFile, certFile and keyFile");
  }
}

/** The options that have a value: one that is undefined must not hide the default. */
function given(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

const texts: Readonly<Record<string, keyof Settings>> = {
  on_stale: "onStale",
  ca_file: "caFile",
  cert_file: "certFile",
  key_file: "keyFile",
};
const seconds: Readonly<Record<string, keyof Settings>> = {
  deadline: "deadlineMs",
  stream_idle: "streamIdleMs",
};
const switches: Readonly<Record<string, boolean>> = { "1": true, true: true, "0": false, false: false };

function readUri(uri: string): { target: string } & Partial<Settings> {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url === null) throw new TypeError(`sessiond: ${shown(uri)} is not sessiond://host:port?option=value`);
  if (url.username !== "" || url.password !== "" || !["", "/"].includes(url.pathname) || url.hash !== "") {
    throw new TypeError(`sessiond: ${shown(uri)} is not sessiond://host:port?option=value`);
  }
  if (url.hostname === "") throw new TypeError(`sessiond: ${shown(uri)} names no host`);
  const values = [...url.searchParams].map(([name, text]) => readOption(name, text));
  return { target: `${url.hostname}:${url.port === "" ? 50051 : url.port}`, ...Object.fromEntries(values) };
}

function readOption(name: string, text: string): [keyof Settings, unknown] {
  const plain = Object.hasOwn(texts, name) ? texts[name] : undefined;
  if (plain !== undefined) return [plain, text];
  const duration = Object.hasOwn(seconds, name) ? seconds[name] : undefined;
  if (duration !== undefined) {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isNaN(value))
      throw new TypeError(`sessiond: ${name}=${text} in the URI is no number of seconds`);
    return [duration, value * 1000];
  }
  if (name === "tls") {
    const value = Object.hasOwn(switches, text) ? switches[text] : undefined;
    if (value === undefined) throw new TypeError(`sessiond: tls=${text} in the URI is neither 1 nor 0`);
    return ["tls", value];
  }
  const known = [...Object.keys(texts), ...Object.keys(seconds), "tls"].sort().join(", ");
  throw new TypeError(`sessiond: the URI has an unknown option "${name}"; there are ${known}`);
}

/** The URI without what may be a secret, for messages. */
function shown(uri: string): string {
  const authority = uri.slice(scheme.length).split(/[/?#]/, 1)[0] ?? "";
  return `${scheme}${authority.slice(authority.lastIndexOf("@") + 1)}`;
}
