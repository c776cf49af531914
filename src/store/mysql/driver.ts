/** Logging in: the driver's connection with TLS, account and attributes as the address says. */
import { hostname } from "node:os";
import mysql from "mysql2";
import { isLoopback } from "../../loopback.ts";
import { version } from "../../version.ts";
import { readAccount, readTextFile } from "./account.ts";
import { loadTls, type TlsOptions, verifyIdentity } from "./tls.ts";
import type { DatabaseAddress, Host } from "./url.ts";

/** Fewer than a server has for all its clients (16,382 by default on MySQL). */
const MAX_PREPARED_STATEMENTS = 64;

/** The server wants the password encrypted with a key of its own, over a network where anybody may be the server. */
export const KEY_NOT_TRUSTED = "SERVER_KEY_NOT_TRUSTED";
const NO_TLS = "HANDSHAKE_NO_SSL_SUPPORT";

/** What shows in performance_schema.session_connect_attrs: whose a connection is. */
const ATTRIBUTES = {
  program_name: "sessiond",
  program_version: version,
  host: hostname(),
  pid: String(process.pid),
};

export interface DriverOptions {
  readonly connectTimeoutMs: number;
  /** Whether several statements may go in one query. */
  readonly multiStatements: boolean;
}

/** Connects and logs in. @throws the driver's error, StartError if a file cannot be read */
export async function openDriver(
  address: DatabaseAddress,
  host: Host,
  options: DriverOptions,
): Promise<mysql.Connection> {
  const loaded = await loadTls(address.tls);
  // The driver resumes sessions of connections that share the object, also of those that
  // were refused for their host's name, and a resumed one does not show its certificate.
  const tls = loaded && address.tls.mode === "verify-identity" ? { ...loaded } : loaded;
  try {
    return await connect(address, host, options, tls);
  } catch (error) {
    const plain = address.tls.mode === "preferred" && (error as { code?: string }).code === NO_TLS;
    if (!plain) throw error;
    return connect(address, host, options, undefined);
  }
}

async function connect(
  address: DatabaseAddress,
  { host, port }: Host,
  options: DriverOptions,
  tls: TlsOptions | undefined,
): Promise<mysql.Connection> {
  const { user, password } = await readAccount(address.account);
  const guarded = tls === undefined && address.socket === undefined && !isLoopback(host);
  const driver = mysql.createConnection({
    ...(address.socket === undefined ? { host, port } : { host, socketPath: address.socket }),
    user,
    password,
    database: address.database,
    ...(tls !== undefined && { ssl: tls }),
    ...(guarded && { authPlugins: await keyPlugins(address.publicKeyFile) }),
    connectAttributes: ATTRIBUTES,
    charset: "UTF8MB4_BIN",
    timezone: "Z",
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    multipleStatements: options.multiStatements,
    maxPreparedStatements: MAX_PREPARED_STATEMENTS,
    connectTimeout: options.connectTimeoutMs,
    flags: ["-LOCAL_FILES"],
    keepAliveInitialDelay: 30_000,
  });
  if (address.tls.mode === "verify-identity") verifyIdentity(driver, host);
  try {
    await new Promise<void>((resolve, reject) => {
      driver.connect((error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    // What it says after its first error is of no interest, and would end the process.
    driver.on("error", () => {});
    driver.destroy();
    (driver as unknown as { stream: { destroy(): void } }).stream.destroy();
    throw error;
  }
  return driver;
}

/**
 * Without TLS these methods send the password encrypted with the server's RSA key: safe if
 * the key is known, while whoever stands between could send a key of their own.
 */
async function keyPlugins(publicKeyFile: string | undefined) {
  const options =
    publicKeyFile === undefined
      ? { onServerPublicKey: refuseKey }
      : { serverPublicKey: await readTextFile("the server's public key", publicKeyFile) };
  return {
    caching_sha2_password: mysql.authPlugins.caching_sha2_password(options),
    sha256_password: mysql.authPlugins.sha256_password(options),
  };
}

function refuseKey(): never {
  throw Object.assign(new Error("the server's key is not known"), { code: KEY_NOT_TRUSTED });
}
