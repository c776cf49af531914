/** Driver errors become StoreErrors and StartErrors here, and only here. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { StartError, StoreError, type StoreErrorReason } from "../errors.ts";

/** By the beginning of SQLite's extended code; the first that fits counts. */
const FAILURES: readonly (readonly [code: string, reason: StoreErrorReason, message: string])[] = [
  ["SQLITE_BUSY", "CONTENTION", "Another process held the database's lock for too long. Retry."],
  ["SQLITE_LOCKED", "CONTENTION", "The database is locked. Retry."],
  ["SQLITE_READONLY", "STORE_READ_ONLY", "The database takes no writes."],
  ["SQLITE_FULL", "STORE_FULL", "The database has no room left."],
  ["SQLITE_IOERR_SHMSIZE", "STORE_FULL", "The database has no room left."],
  ["SQLITE_TOOBIG", "TOO_LARGE", "A text is larger than the database takes."],
  ["SQLITE_CORRUPT", "STORE_UNAVAILABLE", "The database file is damaged."],
  ["SQLITE_NOTADB", "STORE_UNAVAILABLE", "The database file is damaged."],
  ["SQLITE_IOERR", "STORE_UNAVAILABLE", "The database file cannot be read or written."],
  ["SQLITE_CANTOPEN", "STORE_UNAVAILABLE", "The database file cannot be opened."],
  ["SQLITE_PROTOCOL", "STORE_UNAVAILABLE", "The database's lock cannot be had."],
  ["SQLITE_NOMEM", "STORE_UNAVAILABLE", "The database has no memory left."],
];

/** What failed as a StoreError; one of ours stays as it is. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const known = FAILURES.find(([prefix]) => code.startsWith(prefix));
  if (known === undefined) return new StoreError("INTERNAL", "The store failed.", { cause: error });
  const [, reason, message] = known;
  return new StoreError(reason, message, { cause: error });
}

/** What failed while opening `path` as a StartError that says what to do. */
export function toStartError(error: unknown, path: string): StartError {
  if (error instanceof StartError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  // SQLite's own words for what it may not write do not tell whether it is the file or the folder.
  const refused = /^SQLITE_(CANTOPEN|READONLY|IOERR)/.test(code) ? unwritable(path) : undefined;
  return new StartError(
    `The SQLite database ${path} cannot be used: ${refused ?? `${said}. ${remedy(code)}`}`,
    { cause: error },
  );
}

/** Why this process cannot write the file at `path`, as far as the file system says, and what to do. */
function unwritable(path: string): string | undefined {
  const folder = dirname(path);
  if (existsSync(path) && statSync(path).isDirectory()) return "it is a folder. Name a file in it.";
  // The write-ahead log is made beside the file.
  for (const place of existsSync(path) ? [path, folder] : [folder]) {
    try {
      accessSync(place, constants.R_OK | constants.W_OK);
    } catch (error) {
      const why = codeOf(error) === "EROFS" ? "its file system is read-only" : "permission denied";
      return `this process may not write ${place === path ? "the file" : "its folder"} (${why}). ${letWrite}`;
    }
  }
  return undefined;
}

const letWrite = "Let the user that runs sessiond write the file and its folder, or name another path.";

function remedy(code: string): string {
  if (code.startsWith("SQLITE_NOTADB")) return "The file is something else; name another path.";
  if (code.startsWith("SQLITE_CORRUPT")) return "The file is damaged; restore it from a backup.";
  if (code.startsWith("SQLITE_READONLY") || code === "EROFS" || code === "EACCES" || code === "EPERM") {
    return letWrite;
  }
  if (code.startsWith("SQLITE_FULL") || code === "ENOSPC") return "Make room on the disk.";
  if (code.startsWith("SQLITE_BUSY")) return "Another process holds its lock; end that process first.";
  return "Check that the path is a file, or a new one in a folder that can be written.";
}

function codeOf(error: unknown): string {
  if (error instanceof Database.SqliteError) return error.code;
  if (error instanceof Error && "code" in error) return String(error.code);
  return "";
}
