import { expect, test } from "vitest";
import { statementName } from "../../src/store/mysql/statement-name.ts";

test.each<[string[], string]>([
  [["COMMIT"], "COMMIT"],
  [
    ["START TRANSACTION", "SELECT a FROM adk_sessions FORCE INDEX (PRIMARY) WHERE b = ? FOR UPDATE"],
    "BEGIN, SELECT adk_sessions",
  ],
  [
    ["INSERT INTO adk_events (id) VALUES (?)", "INSERT INTO adk_events (id) VALUES (?), (?)", "COMMIT"],
    "INSERT adk_events, COMMIT",
  ],
  [
    ["INSERT INTO adk_sessions (id) VALUES (?) ON DUPLICATE KEY UPDATE id = VALUES(id)"],
    "INSERT adk_sessions",
  ],
  [["UPDATE adk_sessions SET a = ?"], "UPDATE adk_sessions"],
  [["DELETE FROM adk_events WHERE a = ?"], "DELETE adk_events"],
  [["WITH page AS (SELECT a FROM adk_sessions) SELECT a FROM page"], "SELECT adk_sessions"],
  [["SELECT @@hostname AS hostname"], "SELECT"],
  [["-- what a person gave"], "OTHER"],
])("%j is %s", (templates, name) => {
  expect(statementName(templates)).toBe(name);
});
