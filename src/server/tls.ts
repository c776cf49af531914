/** The certificate of both ports, read again when its files change. */
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Logger } from "pino";
import { StartError } from "../store/errors.ts";

/** A certificate chain and its key, as PEM. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** How often the files are compared with what is in use. */
const everyMs = 5_000;

/**
 * A key pair that follows its files. Their content is compared rather than watched,
 * which holds on every file system and through the symbolic links of mounted secrets.
 */
export class KeyPairFiles {
  readonly #certFile: string;
  readonly #keyFile: string;
  readonly #log: Logger;
  readonly #listeners: ((pair: KeyPair) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  #current: KeyPair;
  #refused: KeyPair | undefined;

  private constructor(certFile: string, keyFile: string, pair: KeyPair, log: Logger) {
    this.#certFile = certFile;
    this.#keyFile = keyFile;
    this.#current = pair;
    this.#log = log;
    this.#timer = setInterval(() => void this.reload(), everyMs).unref();
  }

  /** @throws StartError if a file cannot be read or the two do not belong together */
  static async open(certFile: string, keyFile: string, log: Logger): Promise<KeyPairFiles> {
    try {
      const pair = await readPair(certFile, keyFile);
      createSecureContext(pair);
      return new KeyPairFiles(certFile, keyFile, pair, log);
    } catch (cause) {
      throw new StartError(
        `--tls-cert ${certFile} and --tls-key ${keyFile} cannot be used: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** The pair in use. */
  get current(): KeyPair {
    return this.#current;
  }

  /** Calls back with every new pair. */
  onChange(listener: (pair: KeyPair) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes over what the files hold now, if it is new and whole; else the pair in use stays. */
  async reload(): Promise<void> {
    let pair: KeyPair | undefined;
    try {
      pair = await readPair(this.#certFile, this.#keyFile);
      if (same(pair, this.#current)) this.#refused = undefined;
      if (same(pair, this.#current) || same(pair, this.#refused)) return;
      createSecureContext(pair);
      this.#current = pair;
      this.#refused = undefined;
      for (const listener of this.#listeners) listener(pair);
      this.#log.info({ cert: this.#certFile }, "TLS certificate reloaded");
    } catch (cause) {
      if (pair !== undefined) this.#refused = pair;
      this.#log.error(
        { cert: this.#certFile, cause },
        "new TLS certificate cannot be used; the old one stays",
      );
    }
  }

  /** Stops looking at the files. */
  close(): void {
    clearInterval(this.#timer);
  }
}

async function readPair(certFile: string, keyFile: string): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
  return { cert, key };
}

function same(a: KeyPair, b: KeyPair | undefined): boolean {
  return b !== undefined && a.cert.equals(b.cert) && a.key.equals(b.key);
}
