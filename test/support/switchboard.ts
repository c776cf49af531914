/** A port that stays the same while the server behind it is killed and another takes its place. */
import { connect, createServer, type Socket } from "node:net";

export interface Switchboard {
  readonly url: string;
  /** Where connections go from now on. */
  target: number;
  /** Cuts every connection. */
  cut(): void;
  close(): Promise<void>;
}

/** Opens such a port on loopback. */
export async function switchboard(target: number): Promise<Switchboard> {
  const sockets = new Set<Socket>();
  const board = { target };
  const server = createServer((client) => {
    const upstream = connect(board.target, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as { port: number };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return Object.assign(board, {
    url: `http://127.0.0.1:${address.port}`,
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
