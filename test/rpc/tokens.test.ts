import { describe, expect, it } from "vitest";
import { type Cursor, decodeCursor, encodeCursor } from "../../src/rpc/cursor.ts";
import { namesToken, scopeEventsToken, sessionEventsToken, sessionsToken } from "../../src/rpc/page-token.ts";
import { sealToken } from "../../src/rpc/token.ts";
import { toFailure } from "./support.ts";

const key = { appName: "app", userId: "user", sessionId: "session" };
const cursor: Cursor = { uid: "u-1", revision: 9, seq: 42, filter: undefined };

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return toFailure(error).reason;
  }
  return "OK";
}

describe("page tokens", () => {
  it("bring back every kind of place", () => {
    const ids = { userId: 'ü\u0007"/', sessionId: "😀".repeat(191) };
    const place = { micros: -5, ...ids };
    expect(sessionsToken.decode("q", sessionsToken.encode("q", place))).toEqual(place);
    const event = { ...ids, seq: Number.MAX_SAFE_INTEGER };
    expect(scopeEventsToken.decode("q", scopeEventsToken.encode("q", event))).toEqual(event);
    const own = { uid: "u", seq: 7 };
    expect(sessionEventsToken.decode("q", sessionEventsToken.encode("q", own))).toEqual(own);
    expect(namesToken.decode("q", namesToken.encode("q", ""))).toBe("");
    expect(namesToken.decode("q", "")).toBeUndefined();
  });

  it("are url-safe", () => {
    const token = sessionsToken.encode(["a?b"], { micros: 1, userId: "~~~???", sessionId: "ÿÿÿ" });
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it("are refused by another query, and by another kind of query", () => {
    const token = namesToken.encode(["apps"], "x");
    expect(reasonOf(() => namesToken.decode(["users", "a"], token))).toBe("INVALID_PAGE_TOKEN");
    expect(reasonOf(() => sessionsToken.decode(["apps"], token))).toBe("INVALID_PAGE_TOKEN");
  });

  it("are refused wherever one character is damaged, cut off or added", () => {
    const token = sessionEventsToken.encode("q", { uid: "u-1", seq: 42 });
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === "A" ? "B" : "A";
      const damaged = token.slice(0, at) + other + token.slice(at + 1);
      expect(reasonOf(() => sessionEventsToken.decode("q", damaged))).toBe("INVALID_PAGE_TOKEN");
      expect(at === 0 || reasonOf(() => sessionEventsToken.decode("q", token.slice(0, at)))).not.toBe("OK");
    }
    for (const bad of [`${token}A`, `${token}=`, ` ${token}`, "x", "é", "A".repeat(20_000)]) {
      expect(reasonOf(() => sessionEventsToken.decode("q", bad))).toBe("INVALID_PAGE_TOKEN");
    }
  });

  it("are refused with values that no place has, even if their check is right", () => {
    for (const values of [[], ["u"], ["u", "42"], ["u", 4.5], [7, 42], ["u", null]]) {
      const forged = sealToken("session-events/1", "q", values);
      expect(reasonOf(() => sessionEventsToken.decode("q", forged))).toBe("INVALID_PAGE_TOKEN");
    }
  });
});

describe("cursors", () => {
  it("bring back the place and the filter", () => {
    expect(decodeCursor(key, encodeCursor(key, cursor))).toEqual(cursor);
    for (const afterTime of [0, -1.5, 1e300, 5e-324]) {
      const made = { ...cursor, filter: { afterTime, throughSeq: 50 } };
      expect(decodeCursor(key, encodeCursor(key, made))).toEqual(made);
    }
  });

  it("are refused by another session", () => {
    const text = encodeCursor(key, cursor);
    for (const other of [{ appName: "b" }, { userId: "b" }, { sessionId: "b" }]) {
      expect(reasonOf(() => decodeCursor({ ...key, ...other }, text))).toBe("INVALID_CURSOR");
    }
  });

  it("are refused when damaged or made up", () => {
    const text = encodeCursor(key, cursor);
    const binding = ["app", "user", "session"];
    const forged = [
      ["u", -1, null],
      ["u", 1, "x"],
      ["u", 1],
      [1, 1, null],
    ].map((values) => sealToken("cursor/1", binding, values));
    for (const bad of [`${text.slice(0, -1)}!`, text.slice(1), "x", ...forged]) {
      expect(reasonOf(() => decodeCursor(key, bad))).toBe("INVALID_CURSOR");
    }
  });
});
