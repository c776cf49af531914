/** Servers over one store, reached through ports that can be cut and that outlive them. */
import {
  type Api,
  connect,
  type Data,
  newData,
  type Server,
  type StoreName,
  startServer,
} from "../api/harness.ts";
import type { Random } from "../store/random.ts";
import { type Switchboard, switchboard } from "../support/switchboard.ts";

interface Node {
  server: Server;
  readonly grpc: Switchboard;
  readonly http: Switchboard;
  readonly apis: readonly Api[];
}

export interface Cluster {
  /** A client of a server picked at random, over one of both doors. */
  api(random: Random): Api;
  /** Cuts every connection to one server. */
  cut(random: Random): void;
  /** Kills one server and puts another in its place. */
  kill(random: Random): Promise<void>;
  close(): Promise<void>;
}

/** Starts so many servers on a database of their own. */
export async function startCluster(
  store: StoreName,
  count: number,
  args: readonly string[] = [],
): Promise<Cluster> {
  const data: Data = await newData(store);
  const start = () => startServer({ store: data.url, args });
  const nodes: Node[] = [];
  for (let at = 0; at < count; at++) nodes.push(await toNode(await start()));
  return {
    api: (random) => random.pick(random.pick(nodes).apis),
    cut(random) {
      const node = random.pick(nodes);
      node.grpc.cut();
      node.http.cut();
    },
    async kill(random) {
      const node = random.pick(nodes);
      await node.server.kill();
      node.server = await start();
      node.grpc.target = node.server.grpcPort;
      node.http.target = node.server.httpPort;
    },
    async close() {
      for (const { apis, grpc, http, server } of nodes) {
        await Promise.all(apis.map((api) => api.close()));
        await Promise.all([grpc.close(), http.close()]);
        await server.kill();
      }
      await data.drop();
    },
  };
}

async function toNode(server: Server): Promise<Node> {
  const grpc = await switchboard(server.grpcPort);
  const http = await switchboard(server.httpPort);
  const reached = { ...server, grpcAddress: new URL(grpc.url).host, httpUrl: http.url };
  return { server, grpc, http, apis: [connect("grpc-js", reached), connect("connect-web binary", reached)] };
}
