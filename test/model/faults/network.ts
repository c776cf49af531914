/** What a proxy does to the way between servers and their database. */
import { vi } from "vitest";
import type { TcpProxy } from "../../store/mysql/proxy.ts";
import { type Fault, progress, recovery } from "./pace.ts";

/** Connections that are cut at COMMIT, before the database has it or before its answer passes. */
export function cutCommits(proxy: TcpProxy): Fault {
  return async (random, attempts) => {
    let cuts = 0;
    const sometimes = (piece: Buffer) => {
      if (!piece.includes("COMMIT") || random.below(6) !== 0) return false;
      cuts++;
      return true;
    };
    proxy.rules = { cutRequest: sometimes, cutAnswer: sometimes };
    try {
      await progress(attempts, 60);
      await vi.waitUntil(() => cuts > 3, { timeout: 60_000, interval: 2 });
    } finally {
      proxy.rules = {};
    }
    await recovery(attempts);
  };
}

/**
 * A disk that takes its time at some commits, with the locks held (the request waits) or after them (its answer does),
 * and at some reads. Commits that take `longMs` outlive the deadlines of their calls.
 */
export function slowCommits(proxy: TcpProxy, longMs: number): Fault {
  return async (random, attempts) => {
    let slow = 0;
    const delay = (piece: Buffer) => {
      if (!piece.includes("COMMIT")) return random.below(8) === 0 ? random.below(20) : 0;
      if (random.below(4) !== 0) return 0;
      slow++;
      return random.below(4) === 0 ? longMs : 50 + random.below(150);
    };
    proxy.rules = { delayRequest: delay, delayAnswer: delay };
    try {
      await progress(attempts, 80);
      await vi.waitUntil(() => slow > 12, { timeout: 60_000, interval: 2 });
    } finally {
      proxy.rules = {};
    }
    await recovery(attempts);
  };
}
