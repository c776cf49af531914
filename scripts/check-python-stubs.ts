/**
 * Imports the generated Python stubs, and makes a stub and a message with them, under the oldest and the newest
 * protobuf and grpcio that an application with google-adk can have, with protobuf's C core and without.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPython, must, root, venvPython } from "./lib.ts";

/**
 * The oldest are those of clients/python/pyproject.toml, below what any google-adk needs: 1.27 installs with protobuf
 * 5 and 6, and 2.x leaves protobuf and grpcio open. The newest are what a fresh install of google-adk 2.13 gets.
 */
const pins = [
  ["protobuf==4.25.9", "grpcio==1.62.3"],
  ["protobuf==7.36.2", "grpcio==1.85.1"],
] as const;

const program = `
import os
import sys
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = sys.argv[2]
from google.protobuf.internal import api_implementation
sys.path.insert(0, sys.argv[1])
from sessiond.v1 import error_pb2, event_pb2, session_pb2, session_service_pb2, session_service_pb2_grpc
import grpc
with grpc.insecure_channel("127.0.0.1:1") as channel:
    session_service_pb2_grpc.SessionServiceStub(channel)
message = session_service_pb2.GetSessionRequest()
assert session_service_pb2.GetSessionRequest.FromString(message.SerializeToString()) == message
assert api_implementation.Type() == sys.argv[2], api_implementation.Type()
`;

try {
  for (const pin of pins) {
    const name = pin.join(" ");
    const venv = join(root, ".cache/stubs", createHash("sha256").update(name).digest("hex").slice(0, 12));
    const stamp = join(venv, "installed");
    if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== name) {
      rmSync(venv, { recursive: true, force: true });
      must(findPython(), ["-m", "venv", venv]);
      must(venvPython(venv), ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", ...pin]);
      writeFileSync(stamp, name);
    }
    for (const core of ["upb", "python"]) {
      must(venvPython(venv), ["-W", "error", "-c", program, "gen/python", core]);
      console.log(`ok     ${name} (${core})`);
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
