/** `sessiond doctor` for MySQL, MariaDB and what speaks their protocol. Reads only. */
import { isLoopback } from "../../../loopback.ts";
import type { EngineOptions } from "../../engine.ts";
import { type Finding, fail, failed, ok, warn } from "../../finding.ts";
import { requireCurrent, SCHEMA_NAMES } from "../../migrations.ts";
import type { Connection } from "../connection.ts";
import { failureOf, toStartError } from "../errors.ts";
import { Hosts } from "../hosts.ts";
import { inspectStateIndexes } from "../index-state.ts";
import { findSchema } from "../migrate.ts";
import { tryRights } from "../privileges.ts";
import { renderSql, STEPS } from "../schema.ts";
import { checkSettings, connectionOptions, findServer, type Server } from "../server.ts";
import { statement } from "../sql.ts";
import { type DatabaseAddress, displayUrl } from "../url.ts";
import { SERVER_CHECKS, tableFindings } from "./checks.ts";
import { driftOf, shapeOf } from "./drift.ts";
import { findTables, serverFacts } from "./facts.ts";

/** See `Engine.doctor`. `address` is what `url` says. */
export async function* doctor(
  url: string,
  address: DatabaseAddress,
  options: EngineOptions,
): AsyncGenerator<Finding> {
  const where = displayUrl(url);
  let server: Server;
  let connection: Connection;
  try {
    const hosts = new Hosts(address);
    server = await findServer(hosts, options);
    checkSettings(server, options.log);
    connection = await hosts.connect(connectionOptions(server, options));
  } catch (error) {
    yield failed("connect", toStartError(error, where));
    return;
  }
  try {
    yield ok("connect", where);
    const { schema } = connection;
    const nameOf = (name: string) => schema.nameOf(name);
    const facts = await serverFacts(connection, server.dialect);
    const remote = address.socket === undefined && !address.hosts.every(({ host }) => isLoopback(host));
    for (const check of SERVER_CHECKS) yield check({ facts, options, remote });
    const tables = await findTables(connection, SCHEMA_NAMES.map(nameOf));
    yield* tableFindings(facts, [...tables.values()]);
    const tablesAsMade = await checkSchema(connection, server, where);
    yield tablesAsMade;
    if (tablesAsMade.level === "fail") return;
    yield await checkPrivileges(connection, where);
    yield await checkViews(connection, where);
    yield await checkStateIndexes(connection);
  } catch (error) {
    yield failed("doctor", toStartError(error, where));
  } finally {
    await connection.end();
  }
}

async function checkSchema(connection: Connection, server: Server, where: string): Promise<Finding> {
  try {
    requireCurrent(STEPS, await findSchema(connection), (name) => connection.schema.nameOf(name));
  } catch (error) {
    return failed("schema", toStartError(error, where));
  }
  const expected = STEPS.flatMap(({ sql }) =>
    sql.flatMap((template) => shapeOf(renderSql(template, connection.schema, server.dialect)) ?? []),
  );
  const tables = await findTables(
    connection,
    expected.map(({ name }) => name),
  );
  const drift = expected.flatMap((table) => driftOf(table, tables.get(table.name)));
  if (drift.length === 0) return ok("schema", `version ${STEPS.length}, with every column and index`);
  return fail(
    "schema",
    drift.join("; "),
    'The tables were changed by hand. "sessiond migrate --dry-run" on an empty database prints them as they ' +
      "should be; ALTER TABLE brings these back.",
  );
}

/** Of an index over a state key whose parts were changed by hand, lists make no use. */
async function checkStateIndexes(connection: Connection): Promise<Finding> {
  const found = await inspectStateIndexes(connection);
  const broken = found.filter(({ missing }) => missing.length > 0);
  if (broken.length > 0) {
    return warn(
      "state_indexes",
      broken
        .map(({ stateKey, missing }) => `${JSON.stringify(stateKey)} lacks ${missing.join(", ")}`)
        .join("; "),
      "Drop each with sessiond index drop --state KEY, and add it again.",
    );
  }
  const keys = found.map(({ stateKey, type }) => `${JSON.stringify(stateKey)} as ${type}`);
  return ok("state_indexes", keys.length === 0 ? "no state key has an index" : keys.join(", "));
}

async function checkPrivileges(connection: Connection, where: string): Promise<Finding> {
  try {
    await tryRights(connection);
    return ok("privileges", "the user may select, insert, update and delete in every table");
  } catch (error) {
    if (failureOf(error) === "moved") {
      return warn(
        "privileges",
        "not checked: the server takes no writes now",
        "Run the doctor again on the primary.",
      );
    }
    return failed("privileges", toStartError(error, where));
  }
}

async function checkViews(connection: Connection, where: string): Promise<Finding> {
  try {
    await connection.run([
      statement("SELECT state FROM adk_sessions_view WHERE app_name = '' LIMIT 1"),
      statement("SELECT content FROM adk_events_view WHERE app_name = '' LIMIT 1"),
    ]);
    return ok("views", "the views for people work");
  } catch (error) {
    return { ...failed("views", toStartError(error, where)), level: "warn" };
  }
}
