/**
 * The URL that names a database: `mysql://user:password@host:port/database?options`, with
 * further hosts after commas. Options have the names that MySQL's own URIs give them.
 */
import { isLoopback } from "../../loopback.ts";
import type { ConnectionSettings } from "../connections.ts";
import { StartError } from "../errors.ts";
import { type Account, NO_CREDENTIALS, toAccount } from "./account.ts";
import { SSL_MODES, type SslMode, type TlsSettings } from "./tls.ts";

export const URL_FORM = "mysql://USER:PASSWORD@HOST[:PORT]/DATABASE";
export const SCHEMES: readonly string[] = ["mysql", "mariadb"];

const DEFAULT_PORT = 3306;
const OPTIONS = ["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "server-public-key-path", "socket"];

/** One server. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

/** What a URL says. */
export interface DatabaseAddress {
  /** At least one; several are tried for the one that takes writes. */
  readonly hosts: readonly Host[];
  /** A Unix socket in place of the hosts. */
  readonly socket: string | undefined;
  readonly account: Account;
  readonly database: string;
  readonly tls: TlsSettings;
  /** The server's RSA key, for passwords without TLS. */
  readonly publicKeyFile: string | undefined;
}

/**
 * Reads a URL, with what the settings add to its account. Messages never have its text,
 * for the password's sake. @throws StartError
 */
export function parseUrl(
  text: string,
  credentials: ConnectionSettings["credentials"] = NO_CREDENTIALS,
): DatabaseAddress {
  const parts = split(text);
  const options = readOptions(parts.options);
  const socket = options.get("socket");
  const hosts = readHosts(parts.hosts, socket);
  const [user = "", password] = [decode(parts.user), parts.password && decode(parts.password)];
  const account = toAccount({ user, password }, credentials);
  if (account === undefined) throw malformed("it names no user");
  const database = decode(parts.database);
  if (database === "" || database.includes("/")) throw malformed("it must name one database after the host");
  const local = socket !== undefined || hosts.every(({ host }) => isLoopback(host));
  return {
    hosts,
    socket,
    account,
    database,
    tls: readTls(options, local),
    publicKeyFile: options.get("server-public-key-path"),
  };
}

/** The URL without its password and options. @throws StartError if it is malformed */
export function displayUrl(text: string): string {
  const { scheme, user, hosts, database, options } = split(text);
  const socket = readOptions(options).get("socket");
  const names = readHosts(hosts, socket).map(({ host, port }) =>
    host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
  );
  const account = user === "" ? "" : `${encodeURIComponent(decode(user))}@`;
  const where = socket === undefined ? names.join(",") : `(${socket})`;
  return `${scheme}://${account}${where}/${encodeURIComponent(decode(database))}`;
}

interface Parts {
  readonly scheme: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly hosts: string;
  readonly database: string;
  readonly options: string;
}

function split(text: string): Parts {
  if (text.includes("#")) throw malformed("it has a #; in a password write %23");
  const found = /^([a-z]+):\/\/(?:([^/?]*)@)?([^/?@]*)(?:\/([^?]*))?(?:\?(.*))?$/i.exec(text);
  const [, scheme = "", account = "", hosts = "", database = "", options = ""] = found ?? [];
  if (!SCHEMES.includes(scheme.toLowerCase()) || /\s/.test(hosts)) {
    throw malformed(
      "it is no URL of this form; percent-encode characters such as @ / : # % in user and password",
    );
  }
  const colon = account.indexOf(":");
  const [user, password] =
    colon < 0 ? [account, undefined] : [account.slice(0, colon), account.slice(colon + 1)];
  return { scheme: scheme.toLowerCase(), user, password, hosts, database, options };
}

function readHosts(text: string, socket: string | undefined): Host[] {
  if (socket !== undefined) {
    if (text !== "" && text !== "localhost") {
      throw malformed("with the option socket the host is left out, or is localhost");
    }
    return [{ host: "localhost", port: DEFAULT_PORT }];
  }
  if (text === "") throw malformed("it names no host");
  const hosts = text.split(",").map((item): Host => {
    const [, v6, name = v6, port] = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(item) ?? [];
    if (name === undefined || Number(port ?? 1) > 65535 || Number(port ?? 1) === 0) {
      throw malformed("each host is NAME, NAME:PORT or [IPV6]:PORT, several with commas between");
    }
    return { host: name, port: port === undefined ? DEFAULT_PORT : Number(port) };
  });
  if (new Set(hosts.map(({ host, port }) => `${host}:${port}`)).size < hosts.length) {
    throw malformed("it names a host twice");
  }
  return hosts;
}

function readOptions(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!OPTIONS.includes(name))
      throw malformed(`the option "${name}" is unknown (known: ${OPTIONS.join(", ")})`);
    if (options.has(name)) throw malformed(`it has the option ${name} twice`);
    if (value === "") throw malformed(`the option ${name} is empty`);
    options.set(name, value);
  }
  return options;
}

function readTls(options: ReadonlyMap<string, string>, local: boolean): TlsSettings {
  const [caFile, certFile, keyFile] = ["ssl-ca", "ssl-cert", "ssl-key"].map((name) => options.get(name));
  const mode = readMode(options.get("ssl-mode")) ?? (caFile ? "verify-ca" : local ? "disabled" : "preferred");
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw malformed("the options ssl-cert and ssl-key belong together");
  }
  if (caFile !== undefined && !mode.startsWith("verify-")) {
    throw malformed(
      `ssl-ca is checked only with ssl-mode=verify-ca or verify-identity, and ssl-mode is ${mode}`,
    );
  }
  if (certFile !== undefined && mode === "disabled") {
    throw malformed("ssl-cert needs TLS: set ssl-mode to required, verify-ca or verify-identity");
  }
  return { mode, caFile, certFile, keyFile };
}

/** As MySQL writes them too: `VERIFY_CA`. */
function readMode(text: string | undefined): SslMode | undefined {
  if (text === undefined) return undefined;
  const mode = SSL_MODES.find((known) => known === text.toLowerCase().replaceAll("_", "-"));
  if (mode === undefined) throw malformed(`ssl-mode is one of ${SSL_MODES.join(", ")}`);
  return mode;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw malformed("it has a % that encodes nothing; write %25");
  }
}

function malformed(what: string): StartError {
  return new StartError(`The store URL must be ${URL_FORM}: ${what}.`);
}
