/** A server with a program in each language, for one file of tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Server, startServer } from "../api/harness/server.ts";
import { type Language, languages } from "./languages.ts";
import { Peer } from "./peer.ts";

/** What runs while the tests do. */
export class Setting {
  readonly peers: Readonly<Record<Language, Peer>>;
  /** The stubs alone, without an ADK. */
  readonly stubs: Client<typeof SessionService>;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(server: Server, folder: string, peers: Readonly<Record<Language, Peer>>) {
    this.#server = server;
    this.#folder = folder;
    this.peers = peers;
    this.stubs = createClient(
      SessionService,
      createConnectTransport({ baseUrl: server.httpUrl, httpVersion: "1.1" }),
    );
  }

  /** Starts the server on SQLite, and the programs. */
  static async start(): Promise<Setting> {
    const folder = mkdtempSync(join(tmpdir(), "sessiond-clients-"));
    const server = await startServer({ store: `sqlite:${join(folder, "sessiond.db")}` });
    try {
      return new Setting(server, folder, await Peer.startAll(server.grpcAddress));
    } catch (error) {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends all of it. */
  async stop(): Promise<void> {
    await Promise.all(languages.map((language) => this.peers[language].stop()));
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
