/** `sessiond doctor` for a SQLite file. Reads only. */
import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Finding, fail, failed, ok, warn } from "../finding.ts";
import { requireCurrent } from "../migrations.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { toStartError } from "./errors.ts";
import { findStateIndexes } from "./index-state.ts";
import { findSchema } from "./open.ts";
import { STEPS } from "./schema.ts";

const MiB = 1 << 20;
/** A write-ahead log of this size means that something keeps it from being written back. */
const LARGE_WAL_BYTES = 256 * MiB;
const LITTLE_ROOM_BYTES = 512 * MiB;

/** See `Engine.doctor`. */
export function* doctor(options: ConnectionOptions): Generator<Finding> {
  const { path } = options;
  if (!existsSync(path)) {
    yield fail(
      "file",
      `there is no ${path} yet`,
      'Run "sessiond migrate", or start the server, which makes it.',
    );
    return;
  }
  yield checkAccess(path);
  yield checkRoom(path);
  let db: Connection;
  try {
    db = Connection.open(options);
  } catch (error) {
    yield failed("open", toStartError(error, path));
    return;
  }
  try {
    yield ok(
      "version",
      `SQLite ${db.get<{ version: string }>("SELECT sqlite_version() AS version")?.version}`,
    );
    yield checkJournal(db);
    yield checkWal(path);
    yield checkSchema(db, path);
    yield checkIntegrity(db);
    yield checkStateIndexes(db);
  } catch (error) {
    yield failed("doctor", toStartError(error, path));
  } finally {
    db.close();
  }
}

function checkAccess(path: string): Finding {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    // The write-ahead log is made beside the file.
    accessSync(dirname(path), constants.R_OK | constants.W_OK);
    return ok("file", `${path}, ${Math.ceil(statSync(path).size / MiB)} MiB`);
  } catch (error) {
    return fail(
      "file",
      `this user may not write ${path} and its folder (${(error as NodeJS.ErrnoException).code})`,
      "Give the user of sessiond the file and the folder.",
    );
  }
}

function checkRoom(path: string): Finding {
  const { bavail, bsize } = statfsSync(dirname(path));
  const found = `${Math.floor((bavail * bsize) / MiB)} MiB are free on its disk`;
  if (bavail * bsize >= LITTLE_ROOM_BYTES) return ok("disk", found);
  return warn("disk", found, "Make room: a full disk ends writes with STORE_FULL.");
}

function checkJournal(db: Connection): Finding {
  const mode = db.pragma("journal_mode");
  if (mode === "wal") return ok("journal", "write-ahead log, flushed at every commit");
  return warn(
    "journal",
    `the journal mode is ${mode}`,
    "The server turns the write-ahead log on when it starts.",
  );
}

function checkWal(path: string): Finding {
  const bytes = existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0;
  const found = `the write-ahead log has ${Math.ceil(bytes / MiB)} MiB`;
  if (bytes <= LARGE_WAL_BYTES) return ok("wal", found);
  return warn("wal", found, "Look for a program that keeps a read of this file open.");
}

function checkSchema(db: Connection, path: string): Finding {
  try {
    requireCurrent(STEPS, findSchema(db), (name) => db.schema.nameOf(name));
    return ok("schema", `version ${STEPS.length}`);
  } catch (error) {
    return failed("schema", toStartError(error, path));
  }
}

function checkStateIndexes(db: Connection): Finding {
  const keys = findStateIndexes(db).map(({ stateKey, type }) => `${JSON.stringify(stateKey)} as ${type}`);
  return ok("state_indexes", keys.length === 0 ? "no state key has an index" : keys.join(", "));
}

function checkIntegrity(db: Connection): Finding {
  const result = db.pragma("quick_check(1)");
  if (result === "ok") return ok("integrity", "the file is sound");
  return fail("integrity", result, "Restore a backup; keep this file and its -wal for a look.");
}
