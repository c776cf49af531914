import { administer } from "./client.ts";
import { addressVariable, productName } from "./settings.ts";
import type { Engine, ServerAddress } from "./types.ts";
import { unfit } from "./version.ts";

/**
 * The server that the environment names for an engine, if it names one. One that does not answer, or is not what it
 * should be, is an error and not a reason to look further: whoever set the variable wants that server tested.
 */
export async function environmentServer(engine: Engine): Promise<ServerAddress | undefined> {
  const variable = addressVariable[engine];
  const value = process.env[variable];
  if (value === undefined || value === "") return undefined;
  const remedy = `Correct ${variable} (mysql://user:password@host:port), or unset it and the tests find or start a server themselves.`;
  const url = URL.parse(value);
  if (url === null || !["mysql:", "mariadb:"].includes(url.protocol) || url.hostname === "") {
    throw new Error(`${variable} is not an address of the form mysql://user:password@host:port. ${remedy}`);
  }
  const shown = `${variable}=${url.protocol}//${url.username}${url.password ? ":***" : ""}@${url.host}`;
  const given = {
    engine,
    origin: "environment",
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  } as const;
  const version = await askVersion({ ...given, version: "" }).catch((error: unknown) => {
    const { message, code } = error as { message?: string; code?: string };
    throw new Error(
      `${shown} does not answer as a ${productName[engine]} server: ${message || code}. ${remedy}`,
      { cause: error },
    );
  });
  const objection = unfit(engine, version);
  if (objection !== undefined) throw new Error(`${shown} ${objection}. ${remedy}`);
  return { ...given, version };
}

/** The version a server gives of itself. */
export async function askVersion(address: ServerAddress): Promise<string> {
  return administer(address, async (admin) => {
    const [rows] = await admin.query("SELECT VERSION() AS version");
    return String((rows as { version: string }[])[0]?.version);
  });
}
