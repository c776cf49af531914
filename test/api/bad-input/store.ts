import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { type PrivateServer, startPrivateServer } from "../../support/databases/index.ts";
import { type StoreName, temporaryFolder, urlFor } from "../harness/data.ts";
import { runSql } from "../harness/database.ts";
import type { ServeOptions } from "../harness/server.ts";

/** A database that can be broken under a running server. */
export interface Breakable {
  readonly serve: ServeOptions;
  /** Breaks it; what is written meanwhile fails. */
  break(): Promise<void>;
  /** Makes it whole again; undefined where it cannot be. */
  readonly mend: (() => Promise<void>) | undefined;
  drop(): Promise<void>;
}

/** A row of what a running server answers when its database fails. */
export interface StoreFault {
  readonly what: string;
  readonly store: "sqlite" | "server";
  readonly code: string;
  readonly reason: string;
  /** Whether RetryInfo comes with it. */
  readonly retry: boolean;
  /** Whether reads go on. */
  readonly reads: boolean;
  readonly also: string;
  readonly action: string;
  readonly make: (store: StoreName) => Promise<Breakable>;
}

/** A private database server with a database for sessiond. */
async function privateData(
  store: StoreName,
): Promise<{ server: PrivateServer; url: string; drop(): Promise<void> }> {
  if (store === "sqlite") throw new Error("SQLite has no server");
  const server = await startPrivateServer(store);
  const database = await server.createDatabase();
  return { server, url: urlFor(store, database.url), drop: () => server.stop() };
}

/** What a database does to a running server. */
export const storeFaults: readonly StoreFault[] = [
  {
    what: "The disk is full (SQLite)",
    store: "sqlite",
    code: "RESOURCE_EXHAUSTED",
    reason: "STORE_FULL",
    retry: false,
    reads: true,
    also: "reads go on",
    action: "Make room; retry then.",
    async make() {
      const folder = await temporaryFolder();
      const filler = `${folder}/filler`;
      const mount = 'mount -t tmpfs -o size=2m none "$0"';
      // The disk is the server's own, and so is who fills it: told by a file that both see.
      const fill = `until [ -e "$0.fill" ]; do sleep 0.02; done; cat /dev/zero > "${filler}" 2>&-; : > "$0.full"`;
      return {
        serve: {
          store: `sqlite:${folder}/sessiond.db`,
          wrapper: [
            "unshare",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            `${mount} && { (${fill}) & exec "$@"; }`,
            folder,
          ],
        },
        async break() {
          await writeFile(`${folder}.fill`, "");
          while (!existsSync(`${folder}.full`)) await setImmediate();
        },
        mend: undefined,
        async drop() {
          for (const path of [folder, `${folder}.fill`, `${folder}.full`])
            await rm(path, { recursive: true, force: true });
        },
      };
    },
  },
  {
    what: "The server is read-only (MySQL, MariaDB)",
    store: "server",
    code: "UNAVAILABLE",
    reason: "STORE_READ_ONLY",
    retry: true,
    reads: true,
    also: "reads go on",
    action: "Retry with backoff: a failover ends; else tell the operator.",
    async make(store) {
      const { server, url, drop } = await privateData(store);
      const set = (value: string) => runSql(server.adminUrl, [`SET GLOBAL read_only = ${value}`]);
      return { serve: { store: url }, break: () => set("ON"), mend: () => set("OFF"), drop };
    },
  },
  {
    what: "The server is gone (MySQL, MariaDB)",
    store: "server",
    code: "UNAVAILABLE",
    reason: "STORE_UNAVAILABLE",
    retry: true,
    reads: false,
    also: "so with reads; `/readyz` says 503",
    action: "Retry with backoff; an append with an event id is safe to retry.",
    async make(store) {
      const { server, url, drop } = await privateData(store);
      return { serve: { store: url }, break: () => server.kill(), mend: () => server.start(), drop };
    },
  },
];
