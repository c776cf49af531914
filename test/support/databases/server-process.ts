import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { cp, open, readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tail } from "./command.ts";
import type { Installation } from "./installation.ts";
import { makeRunFolder, type RunFolder } from "./run-folder.ts";
import { baseOptions, type Template } from "./template.ts";

const startTimeout = 60_000;

/** One server of ours: a data folder, a port, and the process that serves them while there is one. */
export class ServerProcess {
  readonly folder: string;
  #port = 0;
  #args: readonly string[] = [];
  #child: ChildProcess | undefined;
  readonly #installation: Installation;
  readonly #runFolder: RunFolder;

  private constructor(installation: Installation, runFolder: RunFolder) {
    this.#installation = installation;
    this.#runFolder = runFolder;
    this.folder = runFolder.path;
  }

  /** A data folder copied from the template, with no process yet. */
  static async create(installation: Installation, template: Template): Promise<ServerProcess> {
    const runFolder = await makeRunFolder(installation.engine);
    await cp(template.data, join(runFolder.path, "data"), {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
    });
    return new ServerProcess(installation, runFolder);
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it accepts connections; the first time a free port is chosen, which it then keeps. */
  async start(args: readonly string[] = this.#args): Promise<void> {
    if (this.#child !== undefined) throw new Error("this server is running");
    this.#args = args;
    if (this.#port !== 0) return this.#run();
    for (let attempt = 1; ; attempt++) {
      this.#port = await freePort();
      try {
        return await this.#run();
      } catch (error) {
        // Another process may have taken the port between its choice and its use.
        const lost = /address already in use|bind on tcp\/ip port/i.test((error as Error).message);
        if (!lost || attempt === 3) throw error;
      }
    }
  }

  /** Sends a signal to the running server. */
  signal(name: NodeJS.Signals): void {
    if (this.#child === undefined) throw new Error(`no server is running, so none takes ${name}`);
    this.#child.kill(name);
  }

  /** Ends the process, if there is one, and waits until it is gone. */
  async end(name: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.ref();
    child.kill(name);
    await gone;
  }

  /** Ends it and deletes its data. */
  async destroy(): Promise<void> {
    await this.end("SIGKILL");
    await this.#runFolder.remove();
  }

  async log(): Promise<string> {
    return readFile(join(this.folder, "server.log"), "utf8");
  }

  async #run(): Promise<void> {
    const path = join(this.folder, "server.log");
    const from = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    const log = await open(path, "a");
    const [program = "", ...before] = this.#installation.command;
    const child = spawn(program, [...before, ...this.#options(), ...this.#args], {
      stdio: ["ignore", log.fd, log.fd],
      detached: true,
      cwd: this.folder,
    });
    let outcome: string | undefined;
    child.once("error", (error) => {
      outcome = error.message;
    });
    child.once("exit", (code, signal) => {
      outcome = code === null ? `was ended by ${signal}` : `exited with ${code}`;
      this.#child = undefined;
      this.#runFolder.guard(undefined);
    });
    await log.close();
    this.#child = child;
    this.#runFolder.guard(child.pid);
    child.unref();
    const deadline = Date.now() + startTimeout;
    const written = async () => (await readFile(path)).subarray(from).toString();
    while (!(await written()).includes("ready for connections")) {
      if (outcome === undefined && Date.now() > deadline) {
        await this.end("SIGKILL");
        outcome = `was not ready within ${startTimeout / 1000} s`;
      }
      if (outcome !== undefined) {
        this.#child = undefined;
        throw new Error(
          `${this.#installation.command.at(-1)} ${outcome}. The end of its log:\n${tail(await written())}`,
        );
      }
      await sleep(20);
    }
  }

  #options(): string[] {
    const options = baseOptions(this.#installation, this.folder);
    options.push(
      `--port=${this.#port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      `--pid-file=${join(this.folder, "server.pid")}`,
    );
    // Relative to the data folder: the path of a socket may have 107 bytes and that of a checkout more.
    options.push("--socket=server.sock");
    if (this.#installation.engine === "mysql") options.push("--mysqlx=OFF");
    return options;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
