/** A listener that greets and answers as a database server of an old version, which cannot be installed any more. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import mysql from "mysql2";

/** What mysql2's server side has and its types leave out. */
interface Peer {
  serverHandshake(options: object): void;
  writeTextResult(rows: readonly object[], columns: readonly object[]): void;
  writeOk(): void;
  on(event: "query" | "error", listener: () => void): void;
  close(): void;
}

const version = "version";

/** Runs `work` while one listens on `port`, which answers every query with its version. */
export async function oldServer<T>(says: string, work: (port: number) => Promise<T>): Promise<T> {
  // biome-ignore lint/suspicious/noExplicitAny: the types of mysql2 do not have it
  const server = (mysql as any).createServer();
  server.on("connection", (peer: Peer) => {
    peer.serverHandshake({
      protocolVersion: 10,
      serverVersion: says,
      connectionId: 1,
      statusFlags: 2,
      characterSet: 45,
      capabilityFlags: 0xffffff ^ 0x800,
    });
    peer.on("query", () => {
      // The number in the greeting of MariaDB 10 has a prefix for old replicas, which VERSION() has not.
      peer.writeTextResult([{ [version]: says.replace(/^5\.5\.5-/, "") }], [column]);
    });
    peer.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server._server, "listening");
  try {
    return await work((server._server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

const column = {
  catalog: "def",
  schema: "",
  table: "",
  orgTable: "",
  name: version,
  orgName: "",
  characterSet: 45,
  columnLength: 100,
  columnType: 253,
  flags: 0,
  decimals: 31,
};
