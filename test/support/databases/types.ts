export type Engine = "mysql" | "mariadb";

/** Where a server came from, in the order in which they are tried. */
export type Origin = "environment" | "container" | "binary" | "package";

/** What another process needs to use a server; plain data, so it can be handed from process to process. */
export interface ServerAddress {
  readonly engine: Engine;
  readonly origin: Origin;
  /** As the server tells it, such as "9.7.4-2" or "10.11.19-MariaDB-0+deb12u1". */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  /** An account that may do everything, creating databases and users included. */
  readonly user: string;
  readonly password: string;
  /** The certificate to trust, where the server was started with one by `tls`. */
  readonly tls?: { readonly ca: string };
}

export interface DatabaseOptions {
  /**
   * The authentication plugin of the database's account, such as "caching_sha2_password" (MySQL) or
   * "mysql_native_password" (MariaDB). Left out: the server's default.
   */
  readonly authPlugin?: string;
  /** Left out: utf8mb4. */
  readonly charset?: "server's default";
}

export interface TestDatabase {
  readonly name: string;
  /** mysql://… of an account with every right on this database and none elsewhere, as in production. */
  readonly url: string;
  /** Removes the database and its account, ending whatever connections are still open to it. */
  drop(): Promise<void>;
}

export interface TestServer extends ServerAddress {
  /** mysql://… of the account that may do everything, with no database chosen. */
  readonly adminUrl: string;
  /** A new database with an account of its own; without a name it gets a random one. */
  createDatabase(name?: string, options?: DatabaseOptions): Promise<TestDatabase>;
  /** Ends a server that this process started and deletes its data; does nothing to one it was only given. */
  stop(): Promise<void>;
  /** SIGKILL; only where this process owns the server process. */
  kill?(): Promise<void>;
}

export interface PrivateServerOptions {
  /** Options appended to the server's command line, such as "--read-only" or "--max-allowed-packet=1M". */
  readonly args?: readonly string[];
  /** Gives the server a certificate for 127.0.0.1, found in `tls` of the result. Needs the openssl command. */
  readonly tls?: boolean;
}

/** A server that belongs to one test, for what may not be done to the shared one. */
export interface PrivateServer extends TestServer {
  /** The process id while it runs. */
  readonly pid: number | undefined;
  /** SIGKILL, as a crash: nothing is flushed or closed. Resolves once the process is gone; the data stays. */
  kill(): Promise<void>;
  /** SIGTERM: the orderly end that clients are told about. The data stays. */
  shutdown(): Promise<void>;
  /** Starts a killed or shut down server again: same port, same data, `args` in place of the earlier ones if given. */
  start(args?: readonly string[]): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT, after pause. */
  resume(): void;
  /** Everything the server has logged. */
  log(): Promise<string>;
}
