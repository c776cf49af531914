import { productName } from "./settings.ts";
import type { Engine } from "./types.ts";

const oldest: Readonly<Record<Engine, string>> = { mysql: "8.0.17", mariadb: "10.5.0" };

/** The version in what `mysqld --version` or `SELECT VERSION()` gives, with its suffixes. */
export function versionIn(text: string): string | undefined {
  return /\b\d+\.\d+\.\d+[^\s,;()]*/.exec(text)?.[0];
}

/** Says why a server is not one for this engine's tests, or nothing if it is. */
export function unfit(engine: Engine, text: string): string | undefined {
  const version = versionIn(text);
  if (version === undefined) return `tells no version: ${text.trim().slice(0, 200)}`;
  const family: Engine = /mariadb/i.test(text) ? "mariadb" : "mysql";
  if (family !== engine) return `is ${productName[family]} ${version}, not ${productName[engine]}`;
  if (older(version, oldest[engine])) {
    return `is ${productName[engine]} ${version}; the tests need ${oldest[engine]} or newer`;
  }
  return undefined;
}

function older(version: string, than: string): boolean {
  const [a, b] = [numbers(version), numbers(than)];
  for (const [index, wanted] of b.entries()) {
    const found = a[index] ?? 0;
    if (found !== wanted) return found < wanted;
  }
  return false;
}

function numbers(version: string): number[] {
  return version.split(/[^\d]/, 3).map(Number);
}
