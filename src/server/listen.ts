/** Opens ports. */
import { type AddressInfo, createServer, type Server } from "node:net";
import { StartError } from "../store/errors.ts";

/** Where a port may be asked for. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The flag that sets the port, for the message. */
  readonly flag: string;
}

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process has it",
  EACCES: "this user may not open it",
  EADDRNOTAVAIL: "this machine does not have the address",
};

/** Listens and gives the real port. @throws StartError that names the port and the flag */
export async function listen(server: Server, { host, port, flag }: ListenOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port }, resolve);
  try {
    await promise;
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    throw new StartError(`cannot listen on ${hostPort(host, port)}: ${advice[code] ?? message} (${flag})`, {
      cause,
    });
  } finally {
    server.off("error", reject);
  }
  return (server.address() as AddressInfo).port;
}

/** Listens for a moment, to know early that it can be done. @throws StartError as `listen` */
export async function checkPort(options: ListenOptions): Promise<void> {
  const server = createServer();
  await listen(server, options);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
}

/** A host and a port as one writes them: IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
