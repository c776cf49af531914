/** A TCP proxy before a real server that cuts and slows connections where a test says. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What is looked at: each piece that goes by. True cuts the connection there and then. */
export interface ProxyRules {
  /** Whether a piece from the client is swallowed, as by a network that lost its way. */
  dropRequest?: (piece: Buffer) => boolean;
  /** Before a piece from the client is passed on. */
  cutRequest?: (piece: Buffer) => boolean;
  /** After a piece from the client that ends in a COMMIT, when the server has answered all of it: before any answer is passed on. */
  cutAnswer?: (piece: Buffer) => boolean;
  /** Before a piece from the server is passed on. */
  cutResponse?: (piece: Buffer) => boolean;
  /** For how many milliseconds a piece from the client waits before it is passed on. */
  delayRequest?: (piece: Buffer) => number;
  /** For how many milliseconds the server's answer to a piece from the client waits. */
  delayAnswer?: (piece: Buffer) => number;
}

export interface TcpProxy {
  /** The URL with the proxy's address in place of the server's. */
  readonly url: string;
  rules: ProxyRules;
  close(): Promise<void>;
}

/** Takes nothing more from a socket for so many milliseconds, then does what waited. */
function hold(socket: Socket, ms: number, then: () => void = () => {}): void {
  if (ms === 0) {
    then();
    return;
  }
  socket.pause();
  setTimeout(() => {
    then();
    socket.resume();
  }, ms);
}

const OK = 0x00;
const ERROR = 0xff;
const MORE_RESULTS = 0x08;

/** Whether the last packet of an answer is an error, or an OK behind which no other result comes. */
function isWholeAnswer(answer: Buffer): boolean {
  for (let at = 0; at + 4 < answer.length; ) {
    const length = answer.readUIntLE(at, 3);
    const packet = answer.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    if (at < answer.length) continue;
    if (packet.length < length) return false;
    // Rows and an id that are below 251 have a byte each, then come the two of the status.
    return packet[0] === ERROR || (packet[0] === OK && length > 4 && ((packet[3] ?? 0) & MORE_RESULTS) === 0);
  }
  return false;
}

/** Starts a proxy before the server of `url`. */
export async function startProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const proxy: { rules: ProxyRules } = { rules: {} };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    /** What the server answered to a piece after which to cut. */
    let answered: Buffer | undefined;
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on("data", (piece) => {
      if (proxy.rules.dropRequest?.(piece) === true) return;
      if (proxy.rules.cutRequest?.(piece) === true) return cut();
      if (proxy.rules.cutAnswer?.(piece) === true) answered = Buffer.alloc(0);
      hold(upstream, proxy.rules.delayAnswer?.(piece) ?? 0);
      hold(client, proxy.rules.delayRequest?.(piece) ?? 0, () => upstream.write(piece));
    });
    upstream.on("data", (piece) => {
      if (proxy.rules.cutResponse?.(piece) === true) return cut();
      if (answered === undefined) {
        client.write(piece);
        return;
      }
      answered = Buffer.concat([answered, piece]);
      if (isWholeAnswer(answered)) cut();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String((server.address() as AddressInfo).port);
  return Object.assign(proxy, {
    url: through.href,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}
