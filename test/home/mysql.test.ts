/** docs/mysql.md: its set-up makes what sessiond needs, and its retention removes what it says. */
import mysql from "mysql2/promise";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineOptions } from "../../src/cli/migrate.ts";
import { configWith } from "../../src/config.ts";
import type { EngineOptions } from "../../src/store/engine.ts";
import type { Finding } from "../../src/store/finding.ts";
import { engineFor } from "../../src/store/open.ts";
import type { StateIndexes } from "../../src/store/state-index.ts";
import { createInput, createSession, keyOf, sessionWithEvents } from "../store/build.ts";
import { makeDatabase, query } from "../store/mysql/harness.ts";
import { databaseServer, serverEngines, serverTimeout, type TestServer } from "../support/databases/index.ts";
import { blocksOf, readDocument } from "./markdown.ts";

const options = engineOptions(configWith(), pino({ level: "silent" }));

function blockNoted(note: string): string {
  const block = blocksOf(readDocument("docs/mysql.md")).find((one) => one.note === note);
  if (block === undefined) throw new Error(`docs/mysql.md has no block noted ${note}`);
  return block.code;
}

describe.each(serverEngines())("docs/mysql.md on %s", (kind) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await databaseServer(kind);
  }, serverTimeout);

  test("the set-up: one user migrates, the other serves and may not change tables", async () => {
    // Names of the test's own, since the server is shared.
    const tag = Date.now().toString(36);
    const names = { agents: `agents_${tag}`, sessiond_migrate: `m_${tag}`, sessiond: `s_${tag}` };
    const sql = blockNoted("set-up")
      .replaceAll(/\bagents\b/g, names.agents)
      .replaceAll(
        /'sessiond(_migrate)?'/g,
        (_, migrate) => `'${migrate ? names.sessiond_migrate : names.sessiond}'`,
      );
    const at = (user: string, password: string) => {
      const url = new URL(server.adminUrl);
      Object.assign(url, { username: user, password, pathname: `/${names.agents}` });
      return url.href;
    };
    const serving = at(names.sessiond, "second-secret");
    const engine = engineFor(serving);
    const admin = await mysql.createConnection({ uri: server.adminUrl, multipleStatements: true });
    try {
      await admin.query(sql);
      await engine.migrate(at(names.sessiond_migrate, "first-secret"), { ...options, dryRun: false });
      const store = await engine.open(serving, options);
      await createSession(store, createInput(keyOf("app")));
      await store.close();
      const findings: Finding[] = [];
      for await (const finding of engine.doctor(serving, options)) findings.push(finding);
      expect(findings.filter(({ level }) => level === "fail")).toEqual([]);
      expect(findings.find(({ check }) => check === "privileges")?.level).toBe("ok");
      const indexes = engine.stateIndexes as StateIndexes<EngineOptions>;
      const index = { ...options, stateKey: "topic", type: "text", dryRun: false } as const;
      await expect(indexes.add(serving, index)).rejects.toThrow(/the user may not do what sessiond needs/);
      await indexes.add(at(names.sessiond_migrate, "first-secret"), index);
      expect(await indexes.list(serving, options)).toHaveLength(1);
      await (await engine.open(serving, options)).close();
      await indexes.drop(at(names.sessiond_migrate, "first-secret"), index);
      await expect(query(serving, "ALTER TABLE adk_sessions ADD COLUMN a INT NULL")).rejects.toThrow(
        /denied/,
      );
    } finally {
      await admin.query(`DROP DATABASE IF EXISTS ${names.agents}`);
      for (const user of [names.sessiond, names.sessiond_migrate])
        await admin.query(`DROP USER IF EXISTS '${user}'@'%'`);
      admin.destroy();
    }
  });

  describe("retention", () => {
    let database: Awaited<ReturnType<typeof makeDatabase>>;

    beforeAll(async () => {
      database = await makeDatabase(server);
    });
    afterAll(async () => {
      await database?.cleanup();
    });

    test("removes old sessions with all that they have, and no others", async () => {
      const engine = engineFor(database.url);
      await engine.migrate(database.url, { ...options, dryRun: false });
      const store = await engine.open(database.url, options);
      try {
        const [old, recent, other] = [keyOf("shop", "old"), keyOf("shop", "recent"), keyOf("other", "old")];
        for (const key of [old, recent, other]) await sessionWithEvents(store, key, 3);
        const days = (count: number) => (Date.now() - count * 86_400_000) * 1000;
        for (const [key, age] of [
          [old, 91],
          [recent, 89],
          [other, 91],
        ] as const) {
          await query(
            database.url,
            `UPDATE adk_sessions SET update_time = ${days(age)} WHERE app_name = '${key.appName}' AND id = '${key.sessionId}'`,
          );
        }
        await query(database.url, blockNoted("retention"));
        expect(await store.getSession(old)).toBeUndefined();
        expect(await store.getSession(recent)).toBeDefined();
        expect(await store.getSession(other)).toBeDefined();
        const left = await query(
          database.url,
          "SELECT DISTINCT app_name, session_id FROM adk_events ORDER BY app_name",
        );
        expect(left.map((row) => `${row["app_name"]}/${row["session_id"]}`)).toEqual([
          "other/old",
          "shop/recent",
        ]);
      } finally {
        await store.close();
      }
    });
  });
});
