/** `npm run demo`: its conversations and its address, one conversation that grows, and nothing left behind. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../server/run-command.ts";
import { live, row, useViewer } from "./support.ts";

const viewer = useViewer();
const main = join(import.meta.dirname, "../../demo/main.ts");

const title = "the demonstration prints an address, where a conversation grows, and leaves nothing at Ctrl-C";
test(title, { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "demo-test-"));
  const demo = runCommand([process.execPath, "--disable-warning=ExperimentalWarning", main], {
    TMPDIR: folder,
    SESSIOND_HTTP_PORT: "0",
    SESSIOND_GRPC_PORT: "0",
    // What takes its time on a busy machine is warned of, and is no complaint.
    SESSIOND_SLOW_STATEMENT: "1h",
    SESSIOND_SLOW_CALL: "1h",
  });
  try {
    const address = () => /The viewer: http:\/\/127\.0\.0\.1:(\d+)(\S+)/.exec(demo.out());
    // Two processes, and all conversations but one.
    await expect.poll(address, { timeout: 60_000 }).not.toBeNull();
    const [, port, path = ""] = address() ?? [];
    viewer.board.target = Number(port);
    const page = await viewer.open(path, { expected: /ERR_|Failed to load resource/ });
    await page.getByText(/^live · 6 sessions$/).waitFor();
    await page.locator(".list a", { hasText: "live-support" }).click();
    await live(page);
    const last = Number((await page.locator(".facts").textContent())?.match(/(\d+) events/)?.[1]);
    // It says something every other second.
    await row(page, last + 1).waitFor();
    demo.child.kill("SIGINT");
    expect(await demo.code).toBe(0);
    expect(await readdir(folder)).toEqual([]);
    expect(demo.err()).toBe("");
  } finally {
    demo.child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
});
