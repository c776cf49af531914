import { expect, it } from "vitest";
import { sealToken } from "../../src/rpc/token.ts";
import { decodeWatchCursor, encodeWatchCursor } from "../../src/rpc/watch-cursor.ts";
import type { WatchCursor } from "../../src/tails/sessions-watch.ts";

const app = { appName: "shop", userId: undefined };
const after = { micros: 1_760_000_000_000_001, userId: "ana \u{1f600}", sessionId: "s/1" };

const cursors: WatchCursor[] = [
  { through: 1_760_000_000_123_456, listing: undefined },
  { through: 0, listing: { after: undefined, left: undefined } },
  { through: 5, listing: { after: undefined, left: 0 } },
  { through: 5, listing: { after, left: undefined } },
  { through: 5, listing: { after, left: 7 } },
];

it.each(cursors)("a cursor comes back as it went: %j", (cursor) => {
  for (const scope of [app, { appName: "shop", userId: "ana" }]) {
    const text = encodeWatchCursor(scope, cursor);
    expect(text).toMatch(/^[\w-]+$/);
    expect(decodeWatchCursor(scope, text)).toEqual(cursor);
  }
});

it("opens for its own list only, and not when it is damaged", () => {
  const text = encodeWatchCursor(app, { through: 5, listing: { after, left: 7 } });
  const refused = (scope: { appName: string; userId: string | undefined }, given: string) =>
    expect(() => decodeWatchCursor(scope, given)).toThrow(
      expect.objectContaining({ reason: "INVALID_CURSOR" }),
    );
  refused({ appName: "shop", userId: "ana" }, text);
  refused({ appName: "Shop", userId: undefined }, text);
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === "A" ? "B" : "A";
    refused(app, text.slice(0, at) + other + text.slice(at + 1));
  }
  refused(app, text.slice(0, -1));
});

it.each([[[]], [["5"]], [[5.5]], [[5, "7"]], [[5, 7, 1]], [[5, 7, 1, "u"]], [[5, 7, "1", "u", "s"]]])(
  "values that are none are refused: %j",
  (values) => {
    const text = sealToken("watch/1", ["shop", ""], values);
    expect(() => decodeWatchCursor(app, text)).toThrow(expect.objectContaining({ reason: "INVALID_CURSOR" }));
  },
);
