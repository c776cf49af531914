/** Targets and options. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { SessiondSessionService } from "sessiond-client/adk";
import { connect, defaultTarget } from "sessiond-client/grpc";
import { type Options, parseTarget } from "../dist/grpc/options.js";
import { serviceConfig } from "../dist/grpc/service-config.js";

const defaults = { onStale: "reject", deadlineMs: 10_000, streamIdleMs: 30_000 };

describe("a target", () => {
  it("is taken as it is, with defaults", () => {
    for (const target of ["localhost:50051", "dns:///a.example:1", "unix:/run/s.sock", "a"]) {
      assert.deepEqual(parseTarget(target), { ...defaults, target });
    }
    assert.equal(defaultTarget, "localhost:50051");
    new SessiondSessionService();
    connect().close();
  });

  it("may be a URI", () => {
    assert.deepEqual(parseTarget("sessiond://db.example:7"), { ...defaults, target: "db.example:7" });
    assert.deepEqual(parseTarget("sessiond://db.example/"), { ...defaults, target: "db.example:50051" });
    assert.deepEqual(parseTarget("sessiond://[::1]:7"), { ...defaults, target: "[::1]:7" });
    const uri =
      "sessiond://h?on_stale=append&deadline=2.5&stream_idle=7&tls=1&ca_file=/a%20b.pem&cert_file=c&key_file=k";
    const all = {
      target: "h:50051",
      onStale: "append",
      deadlineMs: 2500,
      streamIdleMs: 7000,
      tls: true,
      caFile: "/a b.pem",
      certFile: "c",
      keyFile: "k",
    };
    assert.deepEqual(parseTarget(uri), all);
    const options = { deadlineMs: 1, onStale: "reject" } as const;
    assert.deepEqual(parseTarget(uri, options), { ...all, ...options }, "options win");
    assert.deepEqual(parseTarget("sessiond://h?tls=false", { deadlineMs: undefined } as unknown as Options), {
      ...defaults,
      target: "h:50051",
      tls: false,
    });
  });

  it("that is wrong is refused at once, without its secret", () => {
    for (const [target, words] of [
      ["", /target is empty/],
      ["sessiond://", /names no host|is not sessiond/],
      ["sessiond://h:99999", /is not sessiond/],
      ["sessiond://h/path", /is not sessiond/],
      ["sessiond://h#f", /is not sessiond/],
      ["sessiond://me:secret@h", /^sessiond: sessiond:\/\/h is not/],
      ["sessiond://h?deadline=soon", /deadline=soon .* no number/],
      ["sessiond://h?deadline=", /no number/],
      ["sessiond://h?deadline=0", /deadlineMs/],
      ["sessiond://h?tls=yes", /neither 1 nor 0/],
      ["sessiond://h?on_stale=maybe", /onStale is "reject" or "append", not "maybe"/],
      ["sessiond://h?no_such=1", /unknown option "no_such"; there are ca_file, cert_file, deadline/],
      ["sessiond://h?toString=1", /unknown option/],
      ["sessiond://h?cert_file=c", /certFile and keyFile/],
    ] as const) {
      assert.throws(
        () => new SessiondSessionService(target),
        (error: Error) =>
          error instanceof TypeError && words.test(error.message) && !error.message.includes("secret"),
        target,
      );
    }
  });
});

describe("options", () => {
  it("that are wrong are refused", () => {
    for (const options of [
      { deadlineMs: 0 },
      { deadlineMs: Number.NaN },
      { deadlineMs: 2 ** 31 },
      { streamIdleMs: -1 },
      { onStale: "x" as "reject" },
      { certFile: "c" },
      { keyFile: "k" },
      { caFile: "a", credentials: credentials.createInsecure() },
    ]) {
      assert.throws(() => parseTarget("h:1", options), TypeError, JSON.stringify(options));
    }
  });

  it("have the service config of every client", () => {
    const file = join(process.env["SESSIOND_TEST_ROOT"] ?? "", "clients/service-config.json");
    assert.deepEqual(serviceConfig, JSON.parse(readFileSync(file, "utf8")));
  });
});
