/** Runs cases over stores and clients. */
import { afterAll, beforeAll, describe } from "vitest";
import { serverTimeout } from "../../support/databases/index.ts";
import { type Api, type ClientKind, clientKinds, connect, doors } from "./clients.ts";
import { type Data, newData, type StoreName, storeNames } from "./data.ts";
import { preparePython } from "./python-transport.ts";
import { type Server, startServer } from "./server.ts";

/** What a case has: its client, and others of other kinds on the same server. */
export interface Subject {
  readonly store: StoreName;
  readonly kind: ClientKind;
  readonly api: Api;
  readonly server: Server;
  readonly data: Data;
  /** Another client, connected once. */
  client(kind: ClientKind): Api;
}

/** A server that can be put in another's place on the same data. */
export interface UsedServer extends Omit<Subject, "kind" | "api"> {
  /** Kills the server and starts another; clients are connected anew. */
  restart(): Promise<void>;
}

/** A server for the tests of the enclosing `describe`, with clients of all kinds. */
export function useServer(
  store: StoreName,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): UsedServer {
  let data: Data | undefined;
  let server: Server | undefined;
  const clients = new Map<ClientKind, Api>();
  beforeAll(async () => {
    await preparePython();
    data = await newData(store);
    server = await startServer({ store: data.url, args, env });
  }, serverTimeout);
  async function end(): Promise<void> {
    await Promise.all([...clients.values()].map((client) => client.close()));
    clients.clear();
    await server?.kill();
  }
  afterAll(async () => {
    await end();
    await data?.drop();
  });
  function inTest<T>(value: T | undefined): T {
    if (value === undefined) throw new Error("the server is there only inside of tests");
    return value;
  }
  return {
    store,
    get server() {
      return inTest(server);
    },
    get data() {
      return inTest(data);
    },
    async restart() {
      await end();
      server = await startServer({ store: inTest(data).url, args, env });
    },
    client(kind) {
      const api = clients.get(kind) ?? connect(kind, inTest(server));
      clients.set(kind, api);
      return api;
    },
  };
}

/**
 * The same cases over every kind of client on SQLite, and on every other store of the run over one kind for each
 * door: the doors do not know the store, so the product of both would only repeat itself.
 */
export function overEveryClient(cases: (subject: Subject) => void): void {
  for (const store of storeNames) {
    describe(store, () => {
      const shared = useServer(store);
      for (const kind of store === "sqlite" ? clientKinds : doors) {
        describe(kind, () => {
          cases({
            store,
            kind,
            get api() {
              return shared.client(kind);
            },
            get server() {
              return shared.server;
            },
            get data() {
              return shared.data;
            },
            client: shared.client,
          });
        });
      }
    });
  }
}
