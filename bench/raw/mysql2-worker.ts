/** Autocommitted inserts of 1 KiB over several connections of one Node process. */
import mysql from "mysql2/promise";
import { serveOrders } from "../load/serve.ts";

await serveOrders(async ({ address, parameters }) => {
  const clients = Number(parameters["clients"]);
  const connections = await Promise.all(
    Array.from({ length: clients }, () => mysql.createConnection(address)),
  );
  const sql = `INSERT INTO ${String(parameters["table"])} (t) VALUES ('${"x".repeat(1024)}')`;
  return {
    facts: {},
    work: async (round) => {
      await Promise.all(
        connections.map(async (connection) => {
          while (round.running()) await round.timed(connection.query(sql));
        }),
      );
    },
  };
});
