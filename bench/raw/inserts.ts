/** What the database alone holds: autocommitted inserts of 1 KiB by many clients at once. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { cpuSeconds } from "../lib/proc.ts";
import { type RoundReport, Worker } from "../lib/worker.ts";
import { findMysqlslap } from "./mysqlslap.ts";

/** Raw inserts, ready for rounds. */
export interface RawInserts {
  /** Who inserts, for the report. */
  readonly client: string;
  round(seconds: number): Promise<RoundReport>;
  close(): Promise<void>;
}

const TABLE = "raw_inserts";

/** Prepares the table and the clients. */
export async function openRawInserts(
  admin: URL,
  clients: number,
  say: (text: string) => void,
): Promise<RawInserts> {
  const schema = `bench_raw_${process.pid}`;
  const connection = await mysql.createConnection({ uri: admin.href });
  await connection.query(`CREATE DATABASE IF NOT EXISTS ${schema}`);
  await connection.query(
    `CREATE TABLE ${schema}.${TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY, t TEXT NOT NULL) ENGINE=InnoDB`,
  );
  const url = new URL(admin);
  url.pathname = `/${schema}`;
  const command = await findMysqlslap(say);
  const inserts =
    command === undefined ? await withMysql2(url, clients) : await withSlap(command, url, clients);
  return {
    ...inserts,
    async close() {
      await inserts.close();
      await connection.query(`DROP DATABASE ${schema}`);
      connection.destroy();
    },
  };
}

/** mysqlslap takes a number of queries and no time, so each round is as long as the one before it would have been. */
async function withSlap(command: readonly string[], url: URL, clients: number): Promise<RawInserts> {
  let rate = 0;
  const run = async (queries: number): Promise<{ seconds: number; cpu: number }> => {
    const { text, cpu } = await slap(command, url, clients, queries);
    const seconds = Number(/Average number of seconds[^:]*: ([\d.]+)/.exec(text)?.[1]);
    if (!(seconds > 0)) throw new Error(`mysqlslap gave no time:\n${text}`);
    rate = queries / seconds;
    return { seconds, cpu };
  };
  return {
    client: `mysqlslap, ${clients} C clients`,
    async round(wanted) {
      if (rate === 0) await run(clients * 30);
      const queries = Math.max(clients, Math.round((rate * wanted) / clients) * clients);
      const { seconds, cpu } = await run(queries);
      return {
        operations: queries,
        seconds,
        cpuSeconds: cpu,
        p50: null,
        p99: null,
        errors: {},
        errorCount: 0,
        facts: {},
      };
    },
    close: async () => {},
  };
}

async function slap(
  [program = "", ...args]: readonly string[],
  url: URL,
  clients: number,
  queries: number,
): Promise<{ text: string; cpu: number }> {
  // The loader's own options come first, then the program; options for mysqlslap must follow --no-defaults.
  const at = args.findIndex((arg) => arg.startsWith("--plugin-dir"));
  const plugins = at === -1 ? [] : args.splice(at, 1);
  const child = spawn(
    program,
    [
      ...args,
      "--no-defaults",
      ...plugins,
      // No TLS, as nobody else here has it; MySQL then takes the password because `admin` has just proved it.
      "--skip-ssl",
      ...[`--host=${url.hostname}`, `--port=${url.port}`, "--protocol=tcp", `--user=${url.username}`],
      `--create-schema=${url.pathname.slice(1)}`,
      "--no-drop",
      `--query=INSERT INTO ${TABLE} (t) VALUES ('${"x".repeat(1024)}')`,
      ...[`--concurrency=${clients}`, `--number-of-queries=${queries}`, "--iterations=1"],
    ],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, MYSQL_PWD: decodeURIComponent(url.password) },
    },
  );
  let text = "";
  let cpu = 0;
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  // /proc forgets a process that has ended, so this is what was read last.
  const timer = setInterval(() => {
    cpu = cpuSeconds(child.pid) ?? cpu;
  }, 50);
  const code = await new Promise((done) => child.once("close", done));
  clearInterval(timer);
  if (code !== 0) throw new Error(`mysqlslap ended with ${code}:\n${text.slice(-2_000)}`);
  return { text, cpu };
}

/** Where there is no mysqlslap: two Node processes with half of the clients each. */
async function withMysql2(url: URL, clients: number): Promise<RawInserts> {
  const workers = [0, 1].map(
    () => new Worker([process.execPath, join(import.meta.dirname, "mysql2-worker.ts")], {}),
  );
  const setup = {
    setup: "inserts",
    service: "raw",
    address: url.href,
    database: url.href,
    parameters: { clients: Math.ceil(clients / workers.length), table: TABLE },
  };
  for (const worker of workers) await worker.setup(setup);
  return {
    client: `mysql2, ${clients} connections in ${workers.length} Node processes (no mysqlslap to be had)`,
    async round(seconds) {
      const parts = await Promise.all(workers.map((worker) => worker.round(seconds)));
      const sum = (of: (part: RoundReport) => number) => parts.reduce((total, part) => total + of(part), 0);
      return {
        operations: sum((part) => part.operations),
        seconds: Math.max(...parts.map((part) => part.seconds)),
        cpuSeconds: sum((part) => part.cpuSeconds),
        p50: parts[0]?.p50 ?? null,
        p99: parts[0]?.p99 ?? null,
        errors: Object.assign({}, ...parts.map((part) => part.errors)),
        errorCount: sum((part) => part.errorCount),
        facts: {},
      };
    },
    async close() {
      for (const worker of workers) await worker.close();
    },
  };
}
