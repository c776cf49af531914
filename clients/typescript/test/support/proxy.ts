/** A TCP proxy that can lose the server's answers, or slow them down. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Forwards to a server. `loseAnswers` lets what the client sends through, and nothing back. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #losing = false;
  #delayMs = 0;
  #latencyMs = 0;
  #lost: (() => void) | undefined;

  private constructor(target: string) {
    const at = target.lastIndexOf(":");
    const [host, port] = [target.slice(0, at), Number(target.slice(at + 1))];
    this.#server = createServer((client) => {
      const upstream = connect(port, host);
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
      client.on("data", (data) => upstream.write(data));
      upstream.on("data", async (data) => {
        if (this.#delayMs > 0) {
          upstream.pause();
          await sleep(this.#delayMs);
          upstream.resume();
        }
        if (!this.#losing) this.#write(client, data);
        // Settings and acknowledgements of HTTP/2 come first; an answer to a call has a body.
        else if (data.length > 30) this.#lost?.();
      });
    });
  }

  static async start(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get target(): string {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? `127.0.0.1:${address.port}` : "";
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** From now on answers are dropped; resolves with the first. */
  loseAnswers(): Promise<void> {
    this.#losing = true;
    return new Promise((resolve) => {
      this.#lost = resolve;
    });
  }

  /** From now on each piece of an answer, of at most 64 KiB, takes so many ms. */
  slowDown(ms: number): void {
    this.#delayMs = ms;
  }

  /** From now on every answer comes so many ms later, however many there are. */
  delay(ms: number): void {
    this.#latencyMs = ms;
  }

  #write(client: Socket, data: Buffer): void {
    if (this.#latencyMs === 0) client.write(data);
    else setTimeout(() => client.write(data), this.#latencyMs);
  }

  /** Breaks all connections; new ones work. */
  cut(): void {
    this.#losing = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}
