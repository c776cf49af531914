/** The URL that names a database: `mysql://user:password@host:port/database?options`. */
import { StartError } from "../errors.ts";

export const URL_FORM = "mysql://USER:PASSWORD@HOST[:PORT]/DATABASE";
export const SCHEMES: readonly string[] = ["mysql", "mariadb"];

/** What a URL says. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Whether `migrate` makes foreign keys; sharded servers have none. Option `foreign_keys=off`. */
  readonly foreignKeys: boolean;
}

/** Reads a URL. Messages never have its text, for the password's sake. @throws StartError */
export function parseUrl(text: string): DatabaseAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !SCHEMES.includes(url.protocol.slice(0, -1))) {
    throw malformed(
      "it is no URL of this form; percent-encode characters such as @ / : # % in user and password",
    );
  }
  const database = decode(url.pathname.slice(1));
  if (url.hostname === "") throw malformed("it names no host");
  if (url.username === "") throw malformed("it names no user");
  if (database === "" || database.includes("/")) throw malformed("it must name one database after the host");
  if (url.hash !== "") throw malformed("it has a #; in a password write %23");
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 3306 : Number(url.port),
    user: decode(url.username),
    password: decode(url.password),
    database,
    foreignKeys: readForeignKeys(url.searchParams),
  };
}

/** The URL without its password. @throws StartError if it is malformed */
export function displayUrl(text: string): string {
  const { host, port, user, database } = parseUrl(text);
  const name = host.includes(":") ? `[${host}]` : host;
  return `${text.slice(0, text.indexOf(":"))}://${encodeURIComponent(user)}@${name}:${port}/${encodeURIComponent(database)}`;
}

function readForeignKeys(options: URLSearchParams): boolean {
  let on = true;
  for (const [name, value] of options) {
    if (name !== "foreign_keys") throw malformed(`the option "${name}" is unknown (known: foreign_keys)`);
    if (value !== "on" && value !== "off") throw malformed("foreign_keys is on or off");
    on = value === "on";
  }
  return on;
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
