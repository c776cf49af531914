/** A proxy between HTTP/2 connections that can refuse calls as a connection with too many streams does. */
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, createServer, type Http2Server } from "node:http2";

/** Forwards calls to a server, but for those that it is told to refuse. */
export class RefusingProxy {
  readonly #server: Http2Server;
  readonly #upstream: ClientHttp2Session;
  #left = 0;
  /** How many calls it refused. */
  refused = 0;

  private constructor(target: string) {
    this.#upstream = connect(`http://${target}`);
    this.#upstream.on("error", () => {});
    this.#server = createServer();
    this.#server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      if (this.#left > 0) {
        this.#left -= 1;
        this.refused += 1;
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
        return;
      }
      const { [constants.HTTP2_HEADER_AUTHORITY]: _, ...rest } = headers;
      const sent = this.#upstream.request(rest);
      sent.on("error", () => stream.close());
      sent.on("response", (answer) => {
        stream.respond(answer, { waitForTrailers: true });
        sent.pipe(stream);
      });
      let trailers = {};
      sent.on("trailers", (given) => {
        trailers = given;
      });
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      stream.pipe(sent);
    });
  }

  static async start(target: string): Promise<RefusingProxy> {
    const proxy = new RefusingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get target(): string {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? `127.0.0.1:${address.port}` : "";
  }

  /** Refuses the next calls, so many. */
  refuse(calls: number): void {
    this.#left = calls;
  }

  async stop(): Promise<void> {
    this.#upstream.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
