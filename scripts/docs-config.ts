/**
 * Writes docs/configuration.md from the table of settings: `npm run docs:config`. With --check it only compares, and
 * fails when what is in the checkout is not what the table gives.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownReference } from "../src/cli/help.ts";
import { root } from "./lib.ts";

const intro = `<!-- Generated from src/config.ts by \`npm run docs:config\`: edit there. -->

# Configuration

\`sessiond serve\` takes its settings from flags and from environment variables. A flag counts before its variable,
the variable before the default. \`sessiond migrate\` takes the same ones.

- Sizes are written \`512KiB\` or \`16MiB\`, times \`500ms\`, \`10s\`, \`5m\` or \`1h\`.
- A switch is turned on by \`--name\` and off by \`--no-name\`; its variable is \`true\` or \`false\`.
- A list is given by repeating its flag, or with commas.
- An unknown flag, an unknown variable that begins with \`SESSIOND_\`, and settings that contradict each other stop
  the start with a message that names them. Variables that begin with \`SESSIOND_TEST_\` belong to the test suites.
- A database URL may hold a password: put it into \`SESSIOND_STORE\` rather than on the command line, where \`ps\`
  shows it. It is never logged.

Exit codes: 0 stopped when asked, 1 failed, 2 wrong usage. The log goes to stderr, one JSON object a line; stdout says
where the server listens.

## Clients

A client should load the service config in \`clients/service-config.json\` (retries of UNAVAILABLE, round robin), raise
its message limit from gRPC's 4 MiB to \`--max-message-bytes\`, and use a channel for streams apart from the one for
unary calls. It may ping every 10 seconds or slower.

`;

const file = join(root, "docs/configuration.md");
const text = `${intro}${markdownReference()}`;
if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
  console.log("docs/configuration.md written");
} else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
  console.error(
    'docs/configuration.md is not what src/config.ts gives: run "npm run docs:config" and commit it.',
  );
  process.exitCode = 1;
} else {
  console.log("docs/configuration.md is what src/config.ts gives.");
}
