/** The examples of docs/sql.md and docs/mysql.md give what they say, on every engine that they are for. */
import Database from "better-sqlite3";
import mysql from "mysql2/promise";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineOptions } from "../../src/cli/migrate.ts";
import { configWith } from "../../src/config.ts";
import type { EngineOptions } from "../../src/store/engine.ts";
import { engineFor } from "../../src/store/open.ts";
import type { StateIndexes } from "../../src/store/state-index.ts";
import { connect, type Data, newData, type Server, startServer, storeNames } from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { type Block, blocksOf, readDocument } from "./markdown.ts";

const options = engineOptions(configWith(), pino({ level: "silent" }));

const blocks = ["docs/sql.md", "docs/mysql.md"].flatMap((path) => blocksOf(readDocument(path)));

interface Example {
  readonly sql: string;
  /** Columns and rows as they stand in the document. */
  readonly gives: string;
}

function examplesFor(store: string): Example[] {
  return blocks.flatMap((block, at) => {
    const [kind, ...stores] = block.note.split(/:? /);
    if (kind !== "example" || !stores.includes(store)) return [];
    const answer = blocks.slice(at).find(({ note }) => note === "gives") as Block;
    return [{ sql: block.code, gives: answer.code.trimEnd() }];
  });
}

/** The conversations that the examples ask for. */
async function fill(server: Server): Promise<void> {
  const api = connect("connect-web JSON", server);
  const ana = { appName: "shop", userId: "ana", sessionId: "s1" };
  const ben = { appName: "shop", userId: "ben", sessionId: "s1" };
  const cart = (region: string) => `{"region": "${region}", "total": 12.50}`;
  await api.createSession({
    key: ana,
    state: { topic: '"billing"', cart: cart("EMEA"), weight: "1.0", "user:language": '"de"' },
  });
  await api.createSession({
    key: ben,
    state: { topic: '"billing"', cart: cart("APAC"), weight: "1", odd: '"\\ud800"' },
  });
  await api.createSession({ key: { ...ben, sessionId: "s2" }, state: { topic: '"returns"' } });
  await api.createSession({ key: { ...ana, appName: "other" }, state: { topic: '"billing"' } });
  const said = (text: string) => `{"parts": [{"text": "${text}"}]}`;
  // 2026-01-02 03:04:05 UTC
  const time = 1_767_323_045;
  await api.batchAppendEvents({
    key: ana,
    events: [
      { id: "e1", author: "user", timestamp: time + 0.25, content: said("Where is my invoice?") },
      {
        id: "e2",
        author: "clerk",
        timestamp: time + 1.5,
        content: said("It is on its way."),
        stateDelta: { step: '"paid"' },
      },
      { id: "e3", author: "clerk", timestamp: time + 2 },
      // MySQL's JSON functions end a query over it in an error.
      { id: "e4", author: "clerk", timestamp: time + 3, content: '{"odd": "\\ud800"}' },
    ],
  });
  await api.close();
}

async function ask(url: string, sql: string): Promise<string> {
  const [columns, rows] = url.startsWith("sqlite:") ? askSqlite(url, sql) : await askServer(url, sql);
  return [columns, ...rows.map((row) => row.map(String))].map((line) => line.join(" | ")).join("\n");
}

type Answer = [columns: string[], rows: unknown[][]];

function askSqlite(url: string, sql: string): Answer {
  const database = new Database(url.slice("sqlite:".length), { readonly: true });
  try {
    const statement = database.prepare(sql);
    return [statement.columns().map(({ name }) => name), statement.raw().all() as unknown[][]];
  } finally {
    database.close();
  }
}

async function askServer(url: string, sql: string): Promise<Answer> {
  const uri = url.replace(/^mariadb:/, "mysql:");
  // A person's client, with its own character set and no settings of ours.
  const connection = await mysql.createConnection({ uri, rowsAsArray: true, dateStrings: true });
  try {
    const [rows, fields] = await connection.query<mysql.RowDataPacket[]>(sql);
    return [fields.map(({ name }) => name), rows.map((row) => [...(row as unknown as unknown[])].map(text))];
  } finally {
    await connection.end();
  }
}

function text(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString("utf8") : value;
}

describe.each(storeNames)("SQL of the documents on %s", (store) => {
  let data: Data;
  let server: Server;
  beforeAll(async () => {
    data = await newData(store);
    server = await startServer({ store: data.url });
    await fill(server);
    const index = { ...options, stateKey: "topic", type: "text", dryRun: false } as const;
    await (engineFor(data.url).stateIndexes as StateIndexes<EngineOptions>).add(data.url, index);
  }, serverTimeout);
  afterAll(async () => {
    await server?.kill();
    await data?.drop();
  });

  test.each(examplesFor(store))("$sql", async ({ sql, gives }) => {
    expect(await ask(data.url, sql)).toBe(gives);
  });

  test("the document has examples for it", () => {
    expect(examplesFor(store).length).toBeGreaterThan(5);
  });
});
