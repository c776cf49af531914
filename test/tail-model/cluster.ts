/** Servers over one store, reached through ports that can be cut and that outlive them. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
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
  /** The first is over gRPC. */
  readonly apis: readonly [Api, ...Api[]];
}

export interface Cluster {
  /** A client of a server picked at random, over one of both doors. */
  api(random: Random): Api;
  /** Of those, one over gRPC, whose reader's pace the server feels at once. */
  grpcApi(random: Random): Api;
  /** Whether a server that runs cut off the stream of this request id because its reader had stopped. */
  cutOff(requestId: string): boolean;
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
    grpcApi: (random) => random.pick(nodes).apis[0],
    cutOff: (requestId) =>
      nodes.some(({ server }) =>
        server
          .output()
          .split("\n")
          .some((line) => line.includes('"reason":"SLOW_READER"') && line.includes(`"${requestId}"`)),
      ),
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
  const apis: Node["apis"] = [
    connect("grpc-js", reached),
    connect("connect-web binary", reached),
    nodeClient(http.url),
  ];
  return { server, grpc, http, apis };
}

/** The client of Node programs and of our own commands: it has words of its own for a connection that is lost. */
function nodeClient(baseUrl: string): Api {
  const transport = createConnectTransport({ baseUrl, httpVersion: "1.1" });
  return { ...createClient(SessionService, transport), close: async () => {} };
}
