import { expect, test } from "vitest";
import { createLog } from "../../src/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { storeObserver } from "../../src/telemetry/store-observer.ts";
import { connect, newData, newEvent, newKey, startServer } from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";

function observer(slowStatementMs: number) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ logLevel: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const metrics = new Metrics();
  const observe = storeObserver({ metrics: metrics.store, tracing: undefined, log, slowStatementMs });
  return { observe, lines, text: async () => (await metrics.read()).text };
}

test("a slow statement is logged by its name, a quick one is not", () => {
  const slow = observer(0);
  slow.observe.statement("SELECT adk_sessions")(true);
  expect(slow.lines).toMatchObject([
    { level: "warn", msg: "slow statement", statement: "SELECT adk_sessions", failed: true },
  ]);
  expect(slow.lines[0]?.["ms"]).toBeTypeOf("number");
  const quick = observer(60_000);
  quick.observe.statement("SELECT adk_sessions")(false);
  expect(quick.lines).toEqual([]);
});

test("failures and repetitions are counted", async () => {
  const { observe, text } = observer(60_000);
  observe.statement("COMMIT")(false);
  observe.statement("COMMIT")(true);
  observe.retry("contention");
  const shown = await text();
  expect(shown).toContain('sessiond_store_statement_duration_seconds_count{statement="COMMIT"} 2');
  expect(shown).toContain('sessiond_store_statement_failures_total{statement="COMMIT"} 1');
  expect(shown).toContain('sessiond_store_retries_total{cause="contention"} 1');
});

test("a server logs what was slow, without values", { timeout: serverTimeout }, async () => {
  const data = await newData("sqlite");
  const server = await startServer({
    store: data.url,
    args: ["--slow-statement", "1ms", "--log-ids", "hashed"],
  });
  try {
    const api = connect("grpc-js", server);
    const key = newKey();
    // No database takes so much within a millisecond.
    const content = `{"text":"${"CONTENT".repeat(1 << 20)}"}`;
    await api.appendEvent({ key, event: newEvent({ content }), createSession: true });
    await api.close();
    const { stdout, stderr } = await server.stop();
    const output = stdout + stderr;
    const logged = output.split("\n").filter((line) => line.includes('"slow statement"'));
    expect(logged.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: "warn", statement: expect.stringMatching(/./), failed: false }),
    );
    for (const secret of ["CONTENT", key.appName, key.userId, key.sessionId])
      expect(output).not.toContain(secret);
  } finally {
    await server.kill();
    await data.drop();
  }
});
