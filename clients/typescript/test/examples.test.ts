/** The programs in examples/, as a user starts them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { createEvent } from "@google/adk";
import { Server } from "./support/server.ts";
import { newApp, newService, target } from "./support/service.ts";

const service = newService();
const examples = join(import.meta.dirname, "../examples");
const start = promisify(execFile);

describe("the examples", () => {
  it("lead a conversation, and go on with the user's state", async () => {
    const own = await Server.start();
    try {
      const run = () => start(process.execPath, [join(examples, "conversation.js"), own.target]);
      const first = (await run()).stdout.split("\n");
      assert.match(first[0] ?? "", /^session \S+; the last city was none$/);
      assert.deepEqual(first.slice(1, 3), [
        "How is the weather in Paris? It is sunny in Paris.",
        "And in Tokyo? It is sunny in Tokyo.",
      ]);
      assert.match(first[3] ?? "", /^8 events are stored; the state is \{.*"questions":2.*\}$/);
      assert.match((await run()).stdout, /the last city was Tokyo/);
    } finally {
      await own.stop();
    }
  });

  it("keep a worker's place", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sessiond-worker-"));
    try {
      const appName = newApp();
      const session = await service.createSession({ appName, userId: "u", sessionId: "s" });
      const append = (id: string) =>
        service.appendEvent({
          session,
          event: createEvent({ id, author: id, content: { parts: [{ text: id }] } }),
        });
      const cursor = join(folder, "cursor");
      const worker = () => {
        const args = [join(examples, "worker.js"), target, appName, "u", "s", cursor];
        const running = start(process.execPath, args);
        return { running, lines: (running.child.stdout ?? []) as AsyncIterable<string> };
      };
      await append("first");
      const one = worker();
      for await (const chunk of one.lines) if (String(chunk).includes("first")) break;
      one.running.child.kill("SIGKILL");
      await one.running.catch(() => {});
      await append("second");
      const two = worker();
      let printed = "";
      for await (const chunk of two.lines) {
        printed += chunk;
        if (printed.includes("second") && !printed.includes("ended")) {
          await service.deleteSession({ appName, userId: "u", sessionId: "s" });
        }
      }
      await two.running;
      assert.match(printed, /2 second: .*second.*\nended: deleted\n$/s);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
