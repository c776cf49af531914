/** What a server's error means for the transaction that met it, and for its caller: those that no test server is brought to say. */
import { describe, expect, test } from "vitest";
import type { StoreErrorReason } from "../../../src/store/errors.ts";
import { type Failure, failureOf, toStoreError } from "../../../src/store/mysql/errors.ts";

/** An error as the driver gives it. */
const errorOf = (errno: number, message = "as the server words it", code = "ER_SOMETHING") =>
  Object.assign(new Error(message), { errno, code, sqlState: "HY000" });

describe("a transaction", () => {
  test.each<[Failure, string, Error]>([
    ["contention", "a deadlock", errorOf(1213)],
    ["contention", "a lock that is waited for too long", errorOf(1205)],
    ["contention", "a row that changed since the snapshot (MariaDB)", errorOf(1020)],
    ["contention", "a conflict in the certification of a group", errorOf(3101)],
    ["contention", "a write conflict (TiDB)", errorOf(9007)],
    ["contention", "a schema that changed (TiDB)", errorOf(8028)],
    ["contention", "the same by its text", errorOf(1105, "Information schema is out of date")],
    ["contention", "a row that came first", errorOf(1062)],
    ["moved", "read_only", errorOf(1290)],
    ["moved", "a transaction that may only read", errorOf(1792)],
    ["moved", "InnoDB that only reads", errorOf(1836)],
    ["lost", "a server that stops", errorOf(1053)],
    ["lost", "a Galera node that left its cluster", errorOf(1047)],
    ["lost", "a killed connection (MySQL)", errorOf(3169)],
    ["lost", "a killed connection (MariaDB)", errorOf(1927)],
    ["lost", "a connection that was idle for too long", errorOf(4031)],
    ["lost", "a connection that broke", errorOf(0, "", "ECONNRESET")],
    ["final", "a killed query", errorOf(1317)],
    ["final", "a text that is too long", errorOf(1406)],
    ["final", "an unknown error by its text alone", errorOf(1105, "something else")],
  ])("%s: %s", (failure, _, error) => {
    expect(failureOf(error)).toBe(failure);
  });
});

describe("a caller", () => {
  test.each<[StoreErrorReason, string, Error]>([
    ["CONTENTION", "a deadlock at the last try", errorOf(1213)],
    ["STORE_READ_ONLY", "read_only", errorOf(1290)],
    ["STORE_UNAVAILABLE", "a connection that broke", errorOf(0, "", "ECONNRESET")],
    ["STORE_UNAVAILABLE", "a killed query", errorOf(1317)],
    ["STORE_UNAVAILABLE", "a statement that took too long (MySQL)", errorOf(3024)],
    ["STORE_UNAVAILABLE", "a statement that took too long (MariaDB)", errorOf(1969)],
    ["STORE_UNAVAILABLE", "a password that is no longer right", errorOf(1045)],
    ["STORE_FULL", "a full disk", errorOf(1021)],
    ["STORE_FULL", "a full table", errorOf(1114)],
    ["SERVER_BUSY", "too many connections", errorOf(1040)],
    ["SERVER_BUSY", "an account at its limit", errorOf(1226)],
    ["TOO_LARGE", "a packet that is too large", errorOf(1153)],
    ["TOO_LARGE", "an entry that is too large (TiDB)", errorOf(8025)],
    ["INTERNAL", "what nobody expects", errorOf(1064)],
  ])("%s: %s", (reason, _, cause) => {
    const error = toStoreError(cause);
    expect(error.reason).toBe(reason);
    // Nothing of the server's words leaves with it.
    expect(error.message).not.toContain(cause.message || "ECONNRESET");
    expect(error.cause).toBe(cause);
  });
});
