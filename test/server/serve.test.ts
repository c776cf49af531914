/** What `serve` does beside its doors: tells what a commit is worth, sweeps in the background. */
import { afterEach, expect, test, vi } from "vitest";
import { checkDurability } from "../../src/cli/serve.ts";
import { sweepOld } from "../../src/cli/sweep.ts";
import { configWith } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { StartError } from "../../src/store/errors.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function logTo(lines: Record<string, unknown>[]) {
  return createLog({ logLevel: "debug" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
}

const settings = new Map([
  ["innodb_flush_log_at_trx_commit", "2"],
  ["sync_binlog", "0"],
]);

test("what a commit is worth is logged, with a warning where it may be lost", () => {
  const lines: Record<string, unknown>[] = [];
  const log = logTo(lines);
  checkDurability({ settings, losesCommitsOnCrash: false }, configWith({ requireDurable: true }), log);
  checkDurability({ settings, losesCommitsOnCrash: true }, configWith(), log);
  expect(lines).toMatchObject([
    { level: "info", durability: { innodb_flush_log_at_trx_commit: "2", sync_binlog: "0" } },
    { level: "warn", durability: { innodb_flush_log_at_trx_commit: "2", sync_binlog: "0" } },
  ]);
});

test("--require-durable refuses it, naming the settings", () => {
  const check = () =>
    checkDurability({ settings, losesCommitsOnCrash: true }, configWith({ requireDurable: true }), logTo([]));
  expect(check).toThrow(StartError);
  expect(check).toThrow(/--require-durable: .*\(innodb_flush_log_at_trx_commit=2, sync_binlog=0\)/);
});

test("request marks and tombstones are swept a minute after the start and every ten minutes, through failures, until the end", async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const lines: Record<string, unknown>[] = [];
  const end = new AbortController();
  const swept: number[] = [];
  const tombstones: number[] = [];
  const retention = 3_600_000;
  const began = Date.now();
  const store = {
    async sweepRequests(beforeMicros: number): Promise<number> {
      swept.push(beforeMicros / 1000);
      if (swept.length === 2) throw new Error("the database is away");
      return swept.length;
    },
    async sweepTombstones(beforeMicros: number): Promise<number> {
      tombstones.push(beforeMicros / 1000);
      return 7;
    },
  };
  sweepOld(store, { requestsMs: retention, tombstonesMs: 2 * retention }, logTo(lines), end.signal);
  await vi.advanceTimersByTimeAsync(59_999);
  expect(swept).toEqual([]);
  await vi.advanceTimersByTimeAsync(1 + 2 * 600_000);
  const firstAt = began + 60_000 - retention;
  expect(swept).toEqual([firstAt, firstAt + 600_000, firstAt + 1_200_000]);
  expect(tombstones).toEqual([firstAt - retention, firstAt + 1_200_000 - retention]);
  expect(lines).toMatchObject([
    { level: "debug", requests: 1, tombstones: 7 },
    { level: "warn", cause: { message: "the database is away" } },
    { level: "debug", requests: 3, tombstones: 7 },
  ]);
  end.abort();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(swept).toHaveLength(3);
});

test("replicas that started together sweep apart", async () => {
  vi.useFakeTimers();
  const random = vi.spyOn(Math, "random");
  const end = new AbortController();
  const swept: string[] = [];
  for (const [name, drawn] of [
    ["late", 0.99],
    ["early", 0],
  ] as const) {
    random.mockReturnValue(drawn);
    const store = { sweepRequests: async () => swept.push(name), sweepTombstones: async () => 0 };
    sweepOld(store, { requestsMs: 0, tombstonesMs: 0 }, logTo([]), end.signal);
  }
  await vi.advanceTimersByTimeAsync(67_000);
  expect(swept).toEqual(["early", "late"]);
  end.abort();
});
