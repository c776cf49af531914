/** grpcurl and buf curl, without proto files: health and reflection as others speak them. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { testServer } from "./support.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".cache/bin");
const grpcurl = join(folder, "grpcurl");
const version = "v1.9.3";

beforeAll(() => {
  if (existsSync(grpcurl)) return;
  mkdirSync(folder, { recursive: true });
  execFileSync("go", ["install", `github.com/fullstorydev/grpcurl/cmd/grpcurl@${version}`], {
    env: { ...process.env, GOBIN: folder },
    stdio: "inherit",
  });
}, 300_000);

async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...args], { cwd: root });
  return stdout;
}

const serve = () =>
  testServer({
    getSession: async ({ key }) => ({ session: { key: key as NonNullable<typeof key>, uid: "the-uid" } }),
    streamEvents: async function* () {
      yield { cursor: "first" };
      yield { cursor: "second" };
    },
  });

describe("grpcurl", () => {
  test("lists and describes by reflection", async () => {
    const server = await serve();
    const list = await run(grpcurl, ["-plaintext", server.grpcTarget, "list"]);
    expect(list.trim().split("\n")).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "sessiond.v1.SessionService",
    ]);
    for (const symbol of [
      "sessiond.v1.SessionService",
      "sessiond.v1.SessionService.AppendEvent",
      "sessiond.v1.Event",
      "sessiond.v1.SessionOrder",
    ]) {
      expect(await run(grpcurl, ["-plaintext", server.grpcTarget, "describe", symbol])).toContain(symbol);
    }
    await expect(
      run(grpcurl, ["-plaintext", server.grpcTarget, "describe", "sessiond.v1.Nothing"]),
    ).rejects.toThrow();
  });

  test("calls a unary and a streaming method, and asks for health", async () => {
    const server = await serve();
    const data = ["-d", '{"key":{"appName":"a"}}'];
    const call = (...args: string[]) => run(grpcurl, ["-plaintext", ...args]);
    expect(await call(...data, server.grpcTarget, "sessiond.v1.SessionService/GetSession")).toContain(
      "the-uid",
    );
    expect(await call(...data, server.grpcTarget, "sessiond.v1.SessionService/StreamEvents")).toMatch(
      /first[\s\S]*second/,
    );
    expect(await call(server.grpcTarget, "grpc.health.v1.Health/Check")).toContain("SERVING");
    expect(await call(server.grpcTarget, "grpc.health.v1.Health/List")).toContain(
      "sessiond.v1.SessionService",
    );
  });

  test("finds no reflection where it is switched off", async () => {
    const server = await testServer({}, { reflection: false });
    await expect(run(grpcurl, ["-plaintext", server.grpcTarget, "list"])).rejects.toThrow(/reflection/);
  });
});

describe("buf curl", () => {
  const buf = join(root, "node_modules/.bin/buf");
  const service = "sessiond.v1.SessionService";

  test("needs no schema on the gRPC port", async () => {
    const server = await serve();
    const url = `http://${server.grpcTarget}/${service}`;
    const base = ["curl", "--protocol", "grpc", "--http2-prior-knowledge"];
    expect(await run(buf, [...base, `${url}/GetSession`])).toContain("the-uid");
    for (const reflect of ["grpc-v1", "grpc-v1alpha"]) {
      const out = await run(buf, [...base, "--reflect-protocol", reflect, `${url}/StreamEvents`]);
      expect(out).toMatch(/first[\s\S]*second/);
    }
  });

  test("speaks Connect and gRPC-Web, over HTTP/1.1 and HTTP/2, on the HTTP port", async () => {
    const server = await serve();
    const url = `${server.httpUrl}/${service}`;
    for (const protocol of ["connect", "grpcweb"]) {
      for (const version of [[], ["--http2-prior-knowledge"]]) {
        const base = ["curl", "--schema", "proto", "--protocol", protocol, ...version];
        expect(await run(buf, [...base, `${url}/GetSession`])).toContain("the-uid");
        expect(await run(buf, [...base, `${url}/StreamEvents`])).toMatch(/first[\s\S]*second/);
      }
    }
  });
});
