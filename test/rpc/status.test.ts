import { readFileSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../../gen/ts/google/rpc/error_details_pb.ts";
import { ErrorReason } from "../../gen/ts/sessiond/v1/error_pb.ts";
import { cancelled, deadlineExceeded, quote, RpcError, shuttingDown } from "../../src/rpc/errors.ts";
import { type Reason, reasonRules } from "../../src/rpc/reasons.ts";
import { toStatus } from "../../src/rpc/status.ts";
import { StoreError } from "../../src/store/errors.ts";
import { details, sentText, toFailure } from "./support.ts";

const reasons = Object.keys(reasonRules) as Reason[];

/** The canonical codes as error.proto's comments have them: `// NOT_FOUND. …`. */
function documentedCodes(): Map<string, string> {
  const proto = readFileSync(new URL("../../proto/sessiond/v1/error.proto", import.meta.url), "utf8");
  const found = proto.matchAll(/((?: {2}\/\/.*\n)+) {2}ERROR_REASON_(\w+) = \d+;/g);
  return new Map(
    [...found].map(([, comment = "", name = ""]) => [name, /\/\/ ([A-Z_]+)\./.exec(comment)?.[1] ?? ""]),
  );
}

const canonicalName = (code: Code) =>
  code === Code.Canceled
    ? "CANCELLED"
    : (Code[code] ?? "").replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();

describe("the table of reasons", () => {
  it("has every reason of the contract, with the code that the contract documents", () => {
    const documented = documentedCodes();
    expect(new Set(reasons)).toEqual(
      new Set(Object.keys(ErrorReason).filter((name) => name !== "UNSPECIFIED")),
    );
    for (const reason of reasons) {
      expect([reason, canonicalName(reasonRules[reason].code)]).toEqual([reason, documented.get(reason)]);
    }
  });

  it.each(reasons)("%s has ErrorInfo, and RetryInfo where a retry helps", (reason) => {
    const status = toStatus(new RpcError(reason, "text", { facts: { seq: "3" } }), "r-1");
    const [info, ...more] = details(status, ErrorInfoSchema);
    expect(more).toEqual([]);
    expect(info).toMatchObject({ reason, domain: "sessiond.dev" });
    const retry = details(status, RetryInfoSchema);
    expect(retry.length).toBe(reasonRules[reason].retryAfterMs === undefined ? 0 : 1);
    if (reason !== "INTERNAL") expect(info?.metadata).toEqual({ seq: "3" });
  });
});

describe("toStatus", () => {
  it("gives a StoreError its reason, text and facts, without its cause", () => {
    const error = new StoreError("STALE_SESSION", "It changed.", {
      facts: { actual_revision: "7" },
      cause: new Error("SELECT secret"),
    });
    const { reason, info, message, status } = toFailure(error);
    expect([reason, message, status.code]).toEqual(["STALE_SESSION", "It changed.", Code.Aborted]);
    expect(info.metadata).toEqual({ actual_revision: "7" });
    expect(sentText(status)).not.toContain("secret");
  });

  it("takes a closed store for a server that goes down", () => {
    expect(toFailure(new StoreError("STORE_CLOSED", "closed")).reason).toBe("SHUTTING_DOWN");
  });

  it.each([
    ["an error", new TypeError("cannot read secret of undefined")],
    ["an INTERNAL RpcError", new RpcError("INTERNAL", "secret", { facts: { secret: "1" } })],
    ["an INTERNAL StoreError", new StoreError("INTERNAL", "secret", { facts: { secret: "1" } })],
    ["a text", "secret"],
    ["nothing", undefined],
    ["an unknown ConnectError", new ConnectError("secret", Code.DataLoss)],
  ])("tells of %s nothing but the request id", (_, thrown) => {
    const status = toStatus(thrown, "r-7");
    expect([status.code, status.reason]).toEqual([Code.Internal, "INTERNAL"]);
    expect(status.message).toContain("r-7");
    expect(details(status, ErrorInfoSchema)[0]?.metadata).toEqual({ request_id: "r-7" });
    expect(details(status, RequestInfoSchema)[0]?.requestId).toBe("r-7");
    expect(sentText(status)).not.toContain("secret");
    expect(status.cause).toBe(thrown);
  });

  it.each([
    ["deadlineExceeded", deadlineExceeded(), "DEADLINE_EXCEEDED"],
    ["cancelled", cancelled(), "CANCELLED"],
    ["shuttingDown", shuttingDown(), "SHUTTING_DOWN"],
    ["AbortSignal.timeout", new DOMException("x", "TimeoutError"), "DEADLINE_EXCEEDED"],
    ["AbortController.abort", new DOMException("x", "AbortError"), "CANCELLED"],
    ["connect: cancelled", new ConnectError("x", Code.Canceled), "CANCELLED"],
    ["connect: deadline", new ConnectError("x", Code.DeadlineExceeded), "DEADLINE_EXCEEDED"],
    ["connect: decoding", new ConnectError("bad JSON", Code.InvalidArgument), "MALFORMED_MESSAGE"],
    ["connect: too large", new ConnectError("x", Code.ResourceExhausted), "TOO_LARGE"],
    ["connect: unknown method", new ConnectError("x", Code.Unimplemented), "UNIMPLEMENTED"],
  ])("knows the reason of %s", (_, thrown, reason) => {
    expect(toFailure(thrown).reason).toBe(reason);
  });

  it("spreads the retry delay round the one that was asked for", () => {
    const error = new RpcError("SERVER_BUSY", "busy", { retryDelayMs: 3_000 });
    for (let n = 0; n < 50; n++) {
      const status = toStatus(error, "r-1");
      expect(status.retryDelayMs).toBeGreaterThanOrEqual(1_500);
      expect(status.retryDelayMs).toBeLessThanOrEqual(4_500);
      const delay = details(status, RetryInfoSchema)[0]?.retryDelay;
      expect(Number(delay?.seconds) * 1_000 + (delay?.nanos ?? 0) / 1e6).toBe(status.retryDelayMs);
    }
  });

  it("carries field violations in BadRequest", () => {
    const fieldViolations = [{ field: "event.id", description: "is wrong" }];
    const status = toStatus(new RpcError("INVALID_FIELD", "no", { fieldViolations }), "r-1");
    expect(details(status, BadRequestSchema)[0]?.fieldViolations).toMatchObject(fieldViolations);
  });
});

describe("quote", () => {
  it("escapes what acts on terminals and logs, and shortens", () => {
    expect(quote("a\u001b[31m\u202eb\n")).toBe('"a\\u001b[31m\\u202eb\\n"');
    expect(quote("Grüße 你好")).toBe('"Grüße 你好"');
    expect(quote("\ud800x")).toBe('"\\ud800x"');
    expect(quote("x".repeat(500)).length).toBeLessThan(80);
  });

  it("gives well-formed text even where it cuts a pair of surrogates", () => {
    expect(quote(`${"x".repeat(63)}😀😀`).isWellFormed()).toBe(true);
  });
});
