/** A worker thread: one connection that runs one call after the other. */
import { parentPort, workerData } from "node:worker_threads";
import type { Connection } from "./connection.ts";
import { toStartError, toStoreError } from "./errors.ts";
import { openForWork } from "./open.ts";
import { OPERATIONS } from "./operations.ts";
import { type FromWorker, Moved, type ToWorker, toErrorData, type WorkerOptions } from "./wire.ts";

if (parentPort === null) throw new Error("this module runs as a worker");
const port = parentPort;
const options = workerData as WorkerOptions;

function send(message: FromWorker, moved: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, moved);
}

function answer(db: Connection, message: Extract<ToWorker, { kind: "call" }>): void {
  try {
    const operation = OPERATIONS[message.name] as (db: Connection, ...input: readonly unknown[]) => unknown;
    const output = operation(db, ...message.input);
    if (output instanceof Moved) send({ kind: "done", output: output.value }, output.buffers);
    else send({ kind: "done", output });
  } catch (error) {
    send({ kind: "failed", error: toErrorData(toStoreError(error)) });
  }
}

function serve(db: Connection): void {
  port.on("message", (message: ToWorker) => {
    if (message.kind === "call") {
      answer(db, message);
    } else {
      db.close();
      port.close();
    }
  });
}

try {
  const { db, info } = openForWork(options);
  serve(db);
  send({ kind: "opened", info });
} catch (error) {
  const refused = toStartError(error, options.path);
  send({ kind: "refused", message: refused.message, cause: String(refused.cause ?? "") });
}
