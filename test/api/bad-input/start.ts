import { once } from "node:events";
import { copyFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type Engine, startPrivateServer } from "../../support/databases/index.ts";
import { urlFor } from "../harness/data.ts";
import { runSql } from "../harness/database.ts";
import { oldServer } from "../harness/old-server.ts";
import type { BadStart } from "./start-row.ts";

function command(what: string, says: string, action: string, ...args: string[]): BadStart {
  return { what, store: "any", exit: 2, says, action, attempt: ({ serve }) => serve({ args }) };
}

/** A mount namespace of the process's own, in which `folder` is what `mount` makes of it. */
function mounted(mount: string, folder: string): string[] {
  return ["unshare", "--mount", "--map-root-user", "sh", "-c", `${mount} && exec "$@"`, folder];
}

const readOnly = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"';
const tiny = 'mount -t tmpfs -o size=64k none "$0"';

/** The same path in another folder's database. */
async function copyOf(url: string, folder: string): Promise<string> {
  const path = join(folder, "sessiond.db");
  await copyFile(url.slice("sqlite:".length), path);
  return `sqlite:${path}`;
}

function withParts(url: string, change: (url: URL) => void): string {
  const changed = new URL(url);
  change(changed);
  return changed.href;
}

/** A certificate or key of test/server. */
function fixture(name: string): string {
  return join(import.meta.dirname, "../../server/fixtures", name);
}

/** What stops a server before it starts. */
export const badStarts: readonly BadStart[] = [
  command(
    "Unknown flag",
    "unknown flag --grpc-prot (did you mean --grpc-port?)",
    "Mend it.",
    "--grpc-prot",
    "1",
  ),
  command(
    "Value of the wrong form",
    '--shutdown-grace …, not "soon"',
    "Mend it.",
    "--shutdown-grace",
    "soon",
  ),
  command(
    "Argument that belongs to no flag",
    'unexpected argument "50051"',
    "Settings are written `--name VALUE`.",
    "50051",
  ),
  {
    what: "Unknown environment variable",
    store: "any",
    exit: 2,
    says: "unknown environment variable SESSIOND_GRPC_PROT (did you mean SESSIOND_GRPC_PORT?)",
    action: "Mend it; variables that begin with `SESSIOND_` are settings.",
    attempt: ({ serve }) => serve({ env: { SESSIOND_GRPC_PROT: "1" } }),
  },
  command(
    "Both doors on one port",
    "--grpc-port and --http-port are both 5000",
    "Give each its own.",
    ...["--grpc-port", "5000", "--http-port", "5000"],
  ),
  command(
    "A flag twice",
    "--log-level contradicts an earlier --log-level",
    "Give one.",
    ...["--log-level", "info", "--log-level", "warn"],
  ),
  command(
    "Certificate without key",
    "--tls-cert and --tls-key belong together",
    "Give both.",
    "--tls-cert",
    "c.pem",
  ),
  command(
    "Settings that contradict each other",
    "--max-message-bytes (17MiB) must be at least 64KiB more than --max-event-bytes (20MiB)",
    "Change one of them.",
    ...["--max-event-bytes", "20MiB"],
  ),
  command(
    "Listening beyond loopback",
    "--host 0.0.0.0 can be reached from other machines",
    "Add `--insecure-no-auth` if the network keeps strangers out.",
    ...["--host", "0.0.0.0"],
  ),
  {
    what: "Certificate that cannot be read",
    store: "any",
    exit: 1,
    says: "--tls-cert /nowhere/c.pem and --tls-key /nowhere/k.pem cannot be used",
    action: "Name PEM files that the server may read.",
    // On empty data, here and below: no database is made for a server that does not start.
    attempt: ({ serve }) => serve({ args: ["--tls-cert", "/nowhere/c.pem", "--tls-key", "/nowhere/k.pem"] }),
  },
  {
    what: "Certificate and key that do not belong together",
    store: "any",
    exit: 1,
    says: "--tls-cert …/first.crt and --tls-key …/second.key cannot be used: …key values mismatch",
    action: "Name the key that the certificate was made for.",
    attempt: ({ serve }) =>
      serve({ args: ["--tls-cert", fixture("first.crt"), "--tls-key", fixture("second.key")] }),
  },
  ...(["--grpc-port", "--http-port"] as const).map(
    (flag): BadStart => ({
      what: `Port in use, for \`${flag}\``,
      store: "any",
      exit: 1,
      says: `cannot listen on 127.0.0.1:…: another process has it (${flag})`,
      action: "End the other process, or choose another port; 0 takes a free one.",
      async attempt({ serve }) {
        const taken = createServer().listen(0, "127.0.0.1");
        await once(taken, "listening");
        const { port } = taken.address() as AddressInfo;
        const ports = { "--grpc-port": "0", "--http-port": "0", [flag]: String(port) };
        const finished = await serve({ args: Object.entries(ports).flat() });
        taken.close();
        return finished;
      },
    }),
  ),
  {
    what: "Store that no engine knows",
    store: "any",
    exit: 1,
    says: 'There is no store "redis:"',
    action: "Use one of the forms that the message lists.",
    attempt: ({ serve }) => serve({ store: "redis://127.0.0.1/0" }),
  },
  {
    what: "Store URL that lacks a part",
    store: "any",
    exit: 1,
    says: "The store URL must be mysql://USER:PASSWORD@HOST[:PORT]/DATABASE",
    action: "Write all parts.",
    attempt: ({ serve }) => serve({ store: "mysql://127.0.0.1/db" }),
  },
  {
    what: "SQLite file that is something else",
    store: "sqlite",
    exit: 1,
    says: "cannot be used: file is not a database. The file is something else; name another path.",
    action: "Name another path.",
    async attempt({ serve, folder }) {
      const path = join(await folder(), "notes.txt");
      await writeFile(path, "a text that is long enough to be taken for a header\n".repeat(10));
      return serve({ store: `sqlite:${path}` });
    },
  },
  {
    what: "Read-only file",
    store: "sqlite",
    exit: 1,
    says: "cannot be used: this process may not write the file (its file system is read-only). Let the user that runs",
    action: "Let the server's user write the file and its folder.",
    async attempt({ serve, folder, migrated }) {
      const place = await folder();
      const store = await copyOf((await migrated()).url, place);
      return serve({ store, wrapper: mounted(readOnly, place) });
    },
  },
  {
    what: "Read-only folder, and a database that is to be made",
    store: "sqlite",
    exit: 1,
    says: "cannot be used: this process may not write its folder (its file system is read-only). Let the user that",
    action: "Let the server's user write the file and its folder.",
    async attempt({ serve, folder }) {
      const place = await folder();
      return serve({ store: `sqlite:${join(place, "sessiond.db")}`, wrapper: mounted(readOnly, place) });
    },
  },
  {
    what: "Folder in place of a file",
    store: "sqlite",
    exit: 1,
    says: "cannot be used: it is a folder. Name a file in it.",
    action: "Name a file in it.",
    attempt: async ({ serve, folder }) => serve({ store: `sqlite:${await folder()}` }),
  },
  {
    what: "Full disk",
    store: "sqlite",
    exit: 1,
    says: "cannot be used: database or disk is full. Make room on the disk.",
    action: "Make room.",
    async attempt({ serve, folder }) {
      const place = await folder();
      return serve({ store: `sqlite:${join(place, "sessiond.db")}`, wrapper: mounted(tiny, place) });
    },
  },
  {
    what: "No database yet, with `--no-migrate`",
    store: "sqlite",
    exit: 1,
    says: "There is no SQLite database … yet.",
    action: "Run `sessiond migrate`.",
    attempt: ({ serve }) => serve({ args: ["--no-migrate"] }),
  },
  ...(["sqlite", "server"] as const).flatMap((store): BadStart[] => [
    {
      what: "Tables of our names that we did not make",
      store,
      exit: 1,
      says: "The database has adk_sessions, which sessiond did not make",
      action: "Use a database of its own, or rename the tables.",
      async attempt({ serve, sql }) {
        await sql(
          "CREATE TABLE adk_sessions (id VARCHAR(36) PRIMARY KEY)",
          "INSERT INTO adk_sessions VALUES ('theirs')",
        );
        return serve({});
      },
    },
    {
      what: "Schema that a newer version made",
      store,
      exit: 1,
      says: "The database has schema version 9999; this sessiond knows versions up to …",
      action: "Run a version at least as new.",
      async attempt({ serve, sql, migrated }) {
        const { url } = await migrated();
        await sql("DELETE FROM adk_schema_versions WHERE version > 1");
        await sql("UPDATE adk_schema_versions SET version = 9999");
        return serve({ store: url });
      },
    },
    {
      what: "Schema that was changed by hand",
      store,
      exit: 1,
      says: "The schema is not as sessiond made it",
      action: "Restore it from a backup, or use a fresh database.",
      async attempt({ serve, sql, migrated }) {
        const { url } = await migrated();
        await sql("UPDATE adk_schema_versions SET checksum = 'another'");
        return serve({ store: url });
      },
    },
  ]),
  {
    what: "Empty database, with `--no-migrate`",
    store: "server",
    exit: 1,
    says: "The database has no tables of sessiond yet",
    action: "Run `sessiond migrate`.",
    attempt: ({ serve }) => serve({ args: ["--no-migrate"] }),
  },
  {
    what: "Read-only server, and a schema that is to be made",
    store: "server",
    exit: 1,
    says: "cannot be used: it takes no writes (read_only is on).",
    action: "Name the primary server, or switch `read_only` off.",
    async attempt({ serve, store }) {
      const server = await startPrivateServer(store as Engine);
      try {
        const { url } = await server.createDatabase();
        await runSql(server.adminUrl, ["SET GLOBAL read_only = ON"]);
        return await serve({ store: urlFor(store as Engine, url) });
      } finally {
        await server.stop();
      }
    },
  },
  {
    what: "Wrong password",
    store: "server",
    exit: 1,
    says: "cannot be used: it refuses the user or the password",
    action: "Check both; some characters are percent-encoded in a URL.",
    attempt: ({ serve, data }) =>
      serve({
        store: withParts(data.url, (url) => {
          url.password = "wrong";
        }),
      }),
  },
  {
    what: "Database that the server does not have, or not for this user",
    store: "server",
    exit: 1,
    says: "cannot be used: the user may not do what sessiond needs (…). Grant SELECT, INSERT,",
    action: "Make it, grant what the message lists, or name another one.",
    attempt: ({ serve, data }) =>
      serve({
        store: withParts(data.url, (url) => {
          url.pathname = "/no_such_database";
        }),
      }),
  },
  {
    what: "Unknown host",
    store: "server",
    exit: 1,
    says: "cannot be used: the host name is unknown",
    action: "Check the host.",
    attempt: ({ serve, data }) =>
      serve({
        store: withParts(data.url, (url) => {
          url.hostname = "no-such-host.invalid";
        }),
      }),
  },
  {
    what: "Refused connection",
    store: "server",
    exit: 1,
    says: "cannot be used: nothing listens there",
    action: "Check host and port, and that the database server runs.",
    attempt: ({ serve, data }) =>
      serve({
        store: withParts(data.url, (url) => {
          url.port = "1";
        }),
      }),
  },
  {
    what: "Server that does not answer",
    store: "server",
    exit: 1,
    says: "cannot be used: it does not answer in time",
    action: "Check host, port and firewalls.",
    async attempt({ serve, data }) {
      const silent = createServer(() => {}).listen(0, "127.0.0.1");
      await once(silent, "listening");
      const { port } = silent.address() as AddressInfo;
      const store = withParts(data.url, (url) => {
        url.port = String(port);
      });
      const finished = await serve({ store, args: ["--connect-timeout", "500ms"] });
      silent.close();
      return finished;
    },
  },
  {
    what: "MySQL server that is too old",
    store: "server",
    exit: 1,
    says: "The database server is MySQL 5.7.44; sessiond needs MySQL 8.0.17 or newer.",
    action: "Upgrade it.",
    attempt: ({ serve }) =>
      oldServer("5.7.44-log", (port) => serve({ store: `mysql://u:p@127.0.0.1:${port}/sessions` })),
  },
  {
    what: "MariaDB server that is too old",
    store: "server",
    exit: 1,
    says: "The database server is MariaDB 10.4.34; sessiond needs MariaDB 10.5.0 or newer.",
    action: "Upgrade it.",
    attempt: ({ serve }) =>
      oldServer("5.5.5-10.4.34-MariaDB", (port) =>
        serve({ store: `mariadb://u:p@127.0.0.1:${port}/sessions` }),
      ),
  },
];
