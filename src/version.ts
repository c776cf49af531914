/** What runs. */
import { readFileSync } from "node:fs";

/** The version in package.json, which lies above this file in the checkout and in the package. */
export const version: string = JSON.parse(readFileSync(packageFile(), "utf8")).version;

function packageFile(): URL {
  const built = import.meta.url.includes("/dist/");
  return new URL(built ? "../../package.json" : "../package.json", import.meta.url);
}
