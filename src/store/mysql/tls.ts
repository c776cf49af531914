/** TLS to a server, in the modes that MySQL's own clients have. */
import { checkServerIdentity, type TLSSocket } from "node:tls";
import { readTextFile } from "./account.ts";

/**
 * `preferred` encrypts where the server offers it, `required` always; both believe whoever
 * answers. `verify-ca` wants a certificate of a known authority, `verify-identity` one for
 * the host that was asked for.
 */
export const SSL_MODES = ["disabled", "preferred", "required", "verify-ca", "verify-identity"] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** What a URL says about TLS. */
export interface TlsSettings {
  readonly mode: SslMode;
  /** PEM files: the authorities to believe (the system's if not given), and who we are. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** The driver's options. Connections that share the object share what is made of it. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

const loaded = new WeakMap<TlsSettings, TlsOptions>();

/** The options as the files are now: certificates change while a server runs. @throws StartError */
export async function loadTls(settings: TlsSettings): Promise<TlsOptions | undefined> {
  if (settings.mode === "disabled") return undefined;
  const [ca, cert, key] = await Promise.all([
    load("the certificate authorities", settings.caFile),
    load("the client certificate", settings.certFile),
    load("the client certificate's key", settings.keyFile),
  ]);
  const before = loaded.get(settings);
  if (before !== undefined && before.ca === ca && before.cert === cert && before.key === key) return before;
  const options: TlsOptions = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    rejectUnauthorized: settings.mode.startsWith("verify-"),
  };
  loaded.set(settings, options);
  return options;
}

async function load(what: string, path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : readTextFile(what, path);
}

interface Upgradable {
  readonly stream: unknown;
  startTLS(done: (error?: Error) => void): void;
}

/**
 * Makes a driver's connection check the name or address in the server's certificate before
 * it sends the password. The driver's own check takes every IP address for "localhost".
 */
export function verifyIdentity(driver: object, host: string): void {
  const upgradable = driver as Upgradable;
  const startTLS = upgradable.startTLS.bind(driver);
  upgradable.startTLS = (done) =>
    startTLS((error) => {
      if (error !== undefined) return done(error);
      done(checkServerIdentity(host, (upgradable.stream as TLSSocket).getPeerCertificate()));
    });
}
