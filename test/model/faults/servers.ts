/** Server processes on one database, of which any may be killed and replaced. */
import { type Api, connect, type Server, startServer } from "../../api/harness.ts";
import type { Random } from "../../store/random.ts";

/** Servers with a client for each. */
export class Servers {
  readonly apis: Api[] = [];
  private readonly servers: Server[] = [];
  private readonly store: string;
  private readonly args: readonly string[];

  private constructor(store: string, args: readonly string[]) {
    this.store = store;
    this.args = args;
  }

  /** Starts so many, with further arguments of `serve`. */
  static async start(store: string, count: number, args: readonly string[] = []): Promise<Servers> {
    const servers = new Servers(store, args);
    // The first makes the tables, and the others find them.
    await servers.replace(0);
    await Promise.all(Array.from({ length: count - 1 }, (_, at) => servers.replace(at + 1)));
    return servers;
  }

  /** kill -9 at one, and another one in its place. */
  async killOne(random: Random): Promise<void> {
    const at = random.below(this.servers.length);
    await this.servers[at]?.kill();
    await this.replace(at);
  }

  /** Ends all. */
  async stop(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.close()));
    await Promise.all(this.servers.map((server) => server.kill()));
  }

  private async replace(at: number): Promise<void> {
    const server = await startServer({ store: this.store, args: ["--log-level", "error", ...this.args] });
    const old = this.apis[at];
    this.servers[at] = server;
    this.apis[at] = connect("grpc-js", server);
    await old?.close();
  }
}
