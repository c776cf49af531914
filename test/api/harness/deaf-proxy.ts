/** A TCP proxy that can keep a server's answers from its clients, as a network does that fails at the wrong moment. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A running proxy. */
export interface DeafProxy {
  readonly port: number;
  /** From now on clients are heard by the server, and what the server says is thrown away. */
  dropAnswers(): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Stands between clients and `port` of this machine. A connection that the server ends is ended for its client too. */
export async function deafProxy(port: number): Promise<DeafProxy> {
  const sockets = new Set<Socket>();
  let deaf = false;
  const listener = createServer((client) => {
    const server = connect({ port, host: "127.0.0.1" });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {}); // A close follows.
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => {
      if (!deaf) client.write(bytes);
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    dropAnswers() {
      deaf = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}
