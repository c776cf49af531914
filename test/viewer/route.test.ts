import { describe, expect, test } from "vitest";
import { readRoute, routeUrl, sessionOf } from "../../viewer/src/model/route.ts";
import { ago, bytes, duration } from "../../viewer/src/model/time.ts";

describe("the address", () => {
  test.each(["..", "a/b", "x?y=z&w", "ünï 🎉", "<b>", "%2e"])("names a session called %s", (session) => {
    const url = new URL(routeUrl({ app: "a", user: "..", session, event: 7 }), "http://host");
    expect(url.pathname).toBe("/");
    expect(readRoute(url.search)).toEqual({ app: "a", user: "..", session, event: 7 });
  });

  test.each(["0", "-1", "1.5", "x", "1e99"])("takes no event %s", (event) => {
    expect(readRoute(`?app=a&event=${event}`).event).toBeUndefined();
  });

  test("names a session only as a whole", () => {
    expect(sessionOf({ app: "a", user: "u" })).toBeUndefined();
    expect(sessionOf({ app: "a", user: "u", session: "s" })).toEqual({
      appName: "a",
      userId: "u",
      sessionId: "s",
    });
  });
});

describe("times and sizes", () => {
  test.each([
    [0.0123, "12 ms"],
    [4.24, "4.2 s"],
    [185, "3 min 5 s"],
    [183_600, "2 d 3 h"],
    [-90, "−1 min 30 s"],
  ])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  test("the past is told roughly", () => {
    const now = 10_000_000_000;
    const since = (seconds: number) =>
      ago({ $typeName: "google.protobuf.Timestamp", seconds: BigInt(now / 1000 - seconds), nanos: 0 }, now);
    expect([since(5), since(120), since(7_300), since(180_000)]).toEqual(["now", "2 min", "2 h", "2 d"]);
  });

  test.each([
    [12, "12 B"],
    [3_500, "3.4 KiB"],
    [5_900_000, "5.6 MiB"],
  ])("%d bytes are %s", (count, text) => expect(bytes(count)).toBe(text));
});
