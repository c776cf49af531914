import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { clientOf } from "./client.ts";
import { run } from "./command.ts";
import { type Installation, machineInstallation } from "./installation.ts";
import { packagedInstallation } from "./package.ts";
import { ServerProcess } from "./server-process.ts";
import { templateFor } from "./template.ts";
import type { Engine, PrivateServer, PrivateServerOptions } from "./types.ts";

const working = new Map<Engine, Installation>();

/**
 * Starts a server program of this machine, or else of a fetched package; undefined where neither can be had, with the
 * reasons added to `tried`. A program that is there and cannot be initialised (confined by the system, say) counts as
 * not there; one that refuses the caller's own options is an error.
 */
export async function localServer(
  engine: Engine,
  options: PrivateServerOptions,
  tried: string[],
): Promise<PrivateServer | undefined> {
  const known = working.get(engine);
  if (known !== undefined) return start(known, options);
  for (const find of [machineInstallation, packagedInstallation]) {
    const found = await find(engine);
    const origin =
      find === machineInstallation ? "a server program on this machine" : "a Debian or Ubuntu package";
    if (typeof found === "string") {
      tried.push(`${origin}: ${found}`);
      continue;
    }
    try {
      await templateFor(found);
    } catch (error) {
      tried.push(`${origin}: ${(error as Error).message}`);
      continue;
    }
    working.set(engine, found);
    return start(found, options);
  }
  return undefined;
}

async function start(installation: Installation, options: PrivateServerOptions): Promise<PrivateServer> {
  const template = await templateFor(installation);
  const server = await ServerProcess.create(installation, template);
  try {
    const certificate = options.tls ? await makeCertificate(server.folder) : undefined;
    const always = certificate?.args ?? [];
    await server.start([...always, ...(options.args ?? [])]);
    const address = {
      engine: installation.engine,
      origin: installation.origin,
      version: installation.version,
      host: "127.0.0.1",
      port: server.port,
      user: template.user,
      password: template.password,
      ...(certificate && { tls: { ca: certificate.ca } }),
    };
    return Object.defineProperty(
      {
        ...clientOf(address),
        pid: undefined,
        kill: () => server.end("SIGKILL"),
        shutdown: () => server.end("SIGTERM"),
        start: (args?: readonly string[]) => server.start(args && [...always, ...args]),
        pause: () => server.signal("SIGSTOP"),
        resume: () => server.signal("SIGCONT"),
        log: () => server.log(),
        stop: () => server.destroy(),
      },
      "pid",
      { get: () => server.pid, enumerable: true },
    );
  } catch (error) {
    await server.destroy();
    throw error;
  }
}

/** A certificate that vouches for itself, so that it is also the one to trust. */
async function makeCertificate(folder: string): Promise<{ args: string[]; ca: string }> {
  const [key, certificate] = [join(folder, "tls-key.pem"), join(folder, "tls-certificate.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "7"];
  const subject = [
    "-subj",
    "/CN=sessiond test database",
    "-addext",
    "subjectAltName=IP:127.0.0.1,DNS:localhost",
  ];
  await run(["openssl", "req", ...kind, "-keyout", key, "-out", certificate, ...subject]);
  const args = [`--ssl-ca=${certificate}`, `--ssl-cert=${certificate}`, `--ssl-key=${key}`];
  return { args, ca: await readFile(certificate, "utf8") };
}
