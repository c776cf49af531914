/** TLS and logins, against servers that offer, demand and refuse TLS. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Connection } from "../../../src/store/mysql/connection.ts";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import { parseUrl } from "../../../src/store/mysql/url.ts";
import {
  type PrivateServer,
  serverEngines,
  serverTimeout,
  startPrivateServer,
} from "../../support/databases/index.ts";
import { refusesStart } from "../build.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { connectionOptionsFor, options, query } from "./harness.ts";

describe.each(serverEngines())("%s: TLS", (kind) => {
  let files: Certificates;
  let server: PrivateServer;
  let url: string;
  let socket: string;
  let args: string[];

  beforeAll(async () => {
    files = makeCertificates();
    const tls = [`--ssl-ca=${files.ca}`, `--ssl-cert=${files.server.cert}`, `--ssl-key=${files.server.key}`];
    socket = files.file("db.sock", "");
    args = [...tls, `--socket=${socket}`, "--bind-address=127.0.0.1,127.0.0.2", "--performance-schema=ON"];
    server = await startPrivateServer(kind, { args });
    url = (await server.createDatabase()).url;
    await mysqlEngine.migrate(url, { ...options, dryRun: false });
  }, serverTimeout);

  afterAll(async () => {
    await server?.stop();
    files?.remove();
  });

  /** The URL with options, perhaps by another name of the host. */
  function at(search: Record<string, string>, hostname = "127.0.0.1"): string {
    const changed = Object.assign(new URL(url), { search: new URLSearchParams(search).toString() });
    return changed.href.replace("127.0.0.1", hostname);
  }

  /** The cipher of a connection; empty without TLS. */
  async function cipher(through: string): Promise<unknown> {
    const connection = await Connection.open(parseUrl(through), connectionOptionsFor(kind));
    try {
      const [result] = await connection.run([{ sql: "SHOW SESSION STATUS LIKE 'Ssl_cipher'", values: [] }]);
      return result?.rows[0]?.["Value"];
    } finally {
      await connection.end();
    }
  }

  const refused = (through: string, text: RegExp) => refusesStart(mysqlEngine.open(through, options), text);

  test("a server that offers TLS: each mode does what it says", async () => {
    expect(await cipher(at({}))).toBe("");
    expect(await cipher(at({ "ssl-mode": "disabled" }))).toBe("");
    expect(await cipher(at({}, "0.0.0.0"))).not.toBe("");
    expect(await cipher(at({ "ssl-mode": "preferred" }))).not.toBe("");
    expect(await cipher(at({ "ssl-mode": "REQUIRED" }))).not.toBe("");
    for (const mode of ["verify-ca", "VERIFY_IDENTITY"]) {
      for (const host of ["127.0.0.1", "localhost"]) {
        expect(await cipher(at({ "ssl-mode": mode, "ssl-ca": files.ca }, host))).not.toBe("");
      }
    }
    expect(await cipher(at({ "ssl-ca": files.ca }, "127.0.0.2"))).not.toBe("");
    const store = await mysqlEngine.open(at({ "ssl-mode": "verify-identity", "ssl-ca": files.ca }), options);
    await store.ping();
    await store.close();
  });

  test("a wrong authority and a wrong host name are refused, and the password stays here", async () => {
    await refused(at({ "ssl-mode": "verify-ca", "ssl-ca": files.otherCa }), /TLS with it failed.*ssl-ca/s);
    await refused(at({ "ssl-mode": "verify-identity", "ssl-ca": files.otherCa }), /TLS with it failed/);
    await refused(at({ "ssl-mode": "verify-ca" }), /TLS with it failed/);
    const identity = { "ssl-mode": "verify-identity", "ssl-ca": files.ca };
    await refused(at(identity, "127.0.0.2"), /certificate is for another host.*127\.0\.0\.2/s);
    const wrongPassword = at(identity, "127.0.0.2").replace(/:[^:@]+@/, ":wrong@");
    await refused(wrongPassword, /certificate is for another host/);
    // A second connection could resume the TLS session of the first.
    const wrongHost = parseUrl(at(identity, "127.0.0.2"));
    for (let turn = 0; turn < 3; turn++) {
      await expect(Connection.open(wrongHost, connectionOptionsFor(kind))).rejects.toThrow(/127\.0\.0\.2/);
    }
    await refused(at({ "ssl-mode": "verify-ca", "ssl-ca": "/no/such/file" }), /\/no\/such\/file.*ENOENT/s);
  });

  test("an account that wants a client certificate gets it", async () => {
    const { username } = new URL(url);
    await query(server.adminUrl, `ALTER USER '${username}'@'%' REQUIRE X509`);
    try {
      await refused(at({ "ssl-mode": "required" }), /refuses the user or the password.*TLS/s);
      const { cert, key } = files.client;
      expect(await cipher(at({ "ssl-mode": "required", "ssl-cert": cert, "ssl-key": key }))).not.toBe("");
    } finally {
      await query(server.adminUrl, `ALTER USER '${username}'@'%' REQUIRE NONE`);
    }
  });

  test("a Unix socket in place of a host", async () => {
    const { username, password, pathname } = new URL(url);
    const through = `mysql://${username}:${password}@${pathname}?socket=${encodeURIComponent(socket)}`;
    expect(await cipher(through)).toBe("");
    const store = await mysqlEngine.open(through, options);
    await store.ping();
    await store.close();
    await refused(through.replace("db.sock", "no.sock"), /no such socket/);
  });

  test("a connection says whose it is", async () => {
    const connection = await Connection.open(parseUrl(url), connectionOptionsFor(kind));
    const rows = await query(
      server.adminUrl,
      `SELECT attr_name AS n, attr_value AS v FROM performance_schema.session_connect_attrs WHERE processlist_id = ${connection.threadId}`,
    );
    expect(Object.fromEntries(rows.map(({ n, v }) => [n, v]))).toMatchObject({
      program_name: "sessiond",
      program_version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      host: expect.stringMatching(/./),
      pid: String(process.pid),
    });
    await connection.end();
  });

  // MariaDB has no accounts that exchange keys.
  if (kind === "mysql") {
    test("without TLS a password goes only to a server whose key is known", async () => {
      const fresh = await server.createDatabase(undefined, { authPlugin: "caching_sha2_password" });
      const [row] = await query(server.adminUrl, "SHOW STATUS LIKE 'Caching_sha2_password_rsa_public_key'");
      const known = files.file("server-public.pem", String(row?.["Value"]));
      const plain = fresh.url.replace("127.0.0.1", "0.0.0.0");
      await refusesStart(
        mysqlEngine.open(`${plain}?ssl-mode=disabled`, options),
        /encrypted with a key that anybody.*server-public-key-path/s,
      );
      url = fresh.url;
      expect(await cipher(`${plain}?ssl-mode=disabled&server-public-key-path=${known}`)).toBe("");
      await query(server.adminUrl, "FLUSH PRIVILEGES");
      // Between this machine and itself there is nobody.
      expect(await cipher(`${fresh.url}?ssl-mode=disabled`)).toBe("");
    });
  }

  describe("a server that demands TLS", () => {
    beforeAll(async () => {
      await server.shutdown();
      await server.start([...args, "--require-secure-transport=ON"]);
    });

    test("gets it in every mode but disabled", async () => {
      await refused(at({ "ssl-mode": "disabled" }), /demands? TLS.*ssl-mode/s);
      expect(await cipher(at({ "ssl-mode": "preferred" }))).not.toBe("");
      expect(await cipher(at({ "ssl-mode": "required" }))).not.toBe("");
      for (const mode of ["verify-ca", "verify-identity"]) {
        expect(await cipher(at({ "ssl-mode": mode, "ssl-ca": files.ca })), mode).not.toBe("");
        await refused(at({ "ssl-mode": mode, "ssl-ca": files.otherCa }), /TLS with it failed/);
      }
    });
  });

  describe("a server that refuses TLS", () => {
    beforeAll(async () => {
      await server.shutdown();
      await server.start([...args, kind === "mysql" ? "--tls-version=" : "--skip-ssl"]);
    });

    test("is used by disabled and preferred only", async () => {
      for (const mode of ["disabled", "preferred"])
        expect(await cipher(at({ "ssl-mode": mode })), mode).toBe("");
      await refused(at({ "ssl-mode": "required" }), /offers no TLS/);
      for (const mode of ["verify-ca", "verify-identity"]) {
        await refused(at({ "ssl-mode": mode, "ssl-ca": files.ca }), /offers no TLS/);
      }
    });
  });
});
