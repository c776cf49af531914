/** Certificates of authorities that a test makes up. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly ca: string;
  /** An authority that vouches for nobody here. */
  readonly otherCa: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: Certificate;
  readonly client: Certificate;
  /** A path in the folder for other files. */
  file(name: string, text: string): string;
  remove(): void;
}

/** Makes them with the openssl command. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "sessiond-tls-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = (name: string) => {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-days",
      "7",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-subj",
      `/CN=${name}`,
    );
    return join(folder, `${name}.pem`);
  };
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const signed = (name: string, extensions: string): Certificate => {
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    file(`${name}.ext`, extensions);
    const by = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"];
    openssl(
      "x509",
      "-req",
      ...by,
      "-days",
      "7",
      "-in",
      `${name}.csr`,
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.pem`,
    );
    return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  };
  const ca = authority("authority");
  return {
    ca,
    otherCa: authority("stranger"),
    server: signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
    client: signed("client", "extendedKeyUsage=clientAuth"),
    file,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
