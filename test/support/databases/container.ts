import { request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { random } from "./client.ts";
import { askVersion } from "./environment.ts";
import type { Engine, ServerAddress } from "./types.ts";

const images: Readonly<Record<Engine, string>> = { mysql: "mysql:9", mariadb: "mariadb:10.11" };
const probeTimeout = 1_500;

export interface ContainerServer {
  readonly address: ServerAddress;
  stop(): Promise<void>;
}

/** A server in a container, where a Docker daemon answers; undefined where none does. */
export async function containerServer(engine: Engine): Promise<ContainerServer | undefined> {
  if (!(await daemonAnswers())) return undefined;
  // Loaded only now: it brings a Docker client, which most runs have no use for.
  const { GenericContainer, Wait } = await import("testcontainers");
  const password = random("p");
  const container = await new GenericContainer(images[engine])
    .withEnvironment({ [engine === "mysql" ? "MYSQL_ROOT_PASSWORD" : "MARIADB_ROOT_PASSWORD"]: password })
    .withCommand(["--skip-name-resolve"])
    .withExposedPorts(3306)
    // The entry point's own short-lived server, which sets the password, says "port: 0".
    .withWaitStrategy(Wait.forLogMessage(/port: 3306\b/))
    .withStartupTimeout(180_000)
    .start();
  const found = {
    engine,
    origin: "container",
    host: container.getHost(),
    port: container.getMappedPort(3306),
    user: "root",
    password,
  } as const;
  try {
    const address = { ...found, version: await askVersion({ ...found, version: "" }) };
    return { address, stop: async () => void (await container.stop()) };
  } catch (error) {
    await container.stop();
    throw error;
  }
}

async function daemonAnswers(): Promise<boolean> {
  const answers = await Promise.all(daemonAddresses().map(ping));
  return answers.includes(true);
}

type DaemonAddress = { socketPath: string } | { host: string; port: number };

/** Where the Docker client would look; a daemon behind TLS or ssh is left to the environment variables above. */
function daemonAddresses(): DaemonAddress[] {
  const chosen = process.env["DOCKER_HOST"];
  if (chosen) {
    const url = URL.parse(chosen);
    if (url?.protocol === "unix:") return [{ socketPath: url.pathname }];
    if (url?.protocol === "tcp:" || url?.protocol === "http:")
      return [{ host: url.hostname, port: Number(url.port || 2375) }];
    return [];
  }
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const sockets = ["/var/run/docker.sock", join(homedir(), ".docker/run/docker.sock")];
  if (runtime) sockets.push(join(runtime, "docker.sock"));
  return sockets.map((socketPath) => ({ socketPath }));
}

function ping(address: DaemonAddress): Promise<boolean> {
  return new Promise((answer) => {
    const asked = request(
      { ...address, path: "/_ping", timeout: probeTimeout, signal: AbortSignal.timeout(probeTimeout) },
      (response) => {
        response.resume();
        answer(response.statusCode === 200);
      },
    );
    asked.once("error", () => answer(false));
    asked.once("timeout", () => asked.destroy());
    asked.end();
  });
}
