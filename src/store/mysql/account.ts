/** Who the store logs in as: from the URL, the settings, or files that may change while it runs. */
import { readFile } from "node:fs/promises";
import type { ConnectionSettings } from "../connections.ts";
import { StartError } from "../errors.ts";

/** A text, or the file that has it. */
type Source = { readonly text: string } | { readonly file: string };

/** Where the user and the password come from. */
export interface Account {
  readonly user: Source;
  readonly password: Source;
}

/** Settings that name no account. */
export const NO_CREDENTIALS: ConnectionSettings["credentials"] = {
  user: "",
  userFile: "",
  password: "",
  passwordFile: "",
};

/** One source for each, or undefined if none names a user. @throws StartError if two do */
export function toAccount(
  url: { readonly user: string; readonly password: string | undefined },
  given: ConnectionSettings["credentials"],
): Account | undefined {
  const user = only("user", url.user, given.user, given.userFile);
  const password = only("password", url.password ?? "", given.password, given.passwordFile);
  return user && { user, password: password ?? { text: "" } };
}

function only(what: string, inUrl: string, text: string, file: string): Source | undefined {
  const sources: (Source & { from: string })[] = [];
  if (inUrl !== "") sources.push({ text: inUrl, from: "in the store URL" });
  if (text !== "") sources.push({ text, from: `by --store-${what}` });
  if (file !== "") sources.push({ file, from: `by --store-${what}-file` });
  if (sources.length > 1) {
    throw new StartError(
      `The store's ${what} is given ${sources.map(({ from }) => from).join(" and ")}: give it once.`,
    );
  }
  return sources[0];
}

/** The account as it is now. @throws StartError if a file cannot be read */
export async function readAccount({
  user,
  password,
}: Account): Promise<{ readonly user: string; readonly password: string }> {
  return { user: await read("user", user), password: await read("password", password) };
}

async function read(what: string, source: Source): Promise<string> {
  if ("text" in source) return source.text;
  return (await readTextFile(`the store's ${what}`, source.file)).replace(/\r?\n$/, "");
}

/** A file that the settings name. @throws StartError that says which one cannot be read */
export async function readTextFile(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError(`The file with ${what}, ${path}, cannot be read (${code}).`, { cause });
  }
}
