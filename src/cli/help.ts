/** The texts of `--help`, made from the table of settings. */

import { groups, type Knob } from "../config/knob.ts";
import { flagOf, type KnobName, knobs, variableOf } from "../config.ts";

const width = 100;

/** What `sessiond --help` prints. */
export const mainHelp = `sessiond keeps the sessions, events and state of ADK agents in a database, behind gRPC.

Usage: sessiond COMMAND [settings]

Commands:
  serve      run the server (brings the schema up to date first)
  migrate    bring the schema up to date and exit; with --dry-run only print the SQL
  doctor     check the store and how it is set, with what to do about each finding
  stats      count sessions, events and bytes, per app, and show the largest sessions
  index      add, list and drop indexes over keys of session state
  tail       print a conversation of a running server and follow it
  watch      print the newest sessions of a running server and what happens to all
  sessions   list and show sessions of a running server, delete one
  version    print the versions of sessiond, Node and the store libraries

Try it:
  sessiond serve                                    a SQLite file under data/
  sessiond serve --store mysql://user:pw@host/db    MySQL or MariaDB

sessiond COMMAND --help tells more. Exit codes: 0 done, 1 failed, 2 wrong usage.
`;

/** What `sessiond serve --help` prints. */
export function serveHelp(): string {
  return `Runs the server: gRPC on one port; Connect, gRPC-Web, the page and the probes on another.

Usage: sessiond serve [settings]

  sessiond serve
  sessiond serve --store mysql://user:pw@db.example/agents --grpc-port 50061 --http-port 8090
  sessiond serve --host 0.0.0.0 --insecure-no-auth --tls-cert cert.pem --tls-key key.pem

Every setting is also an environment variable: --grpc-port is SESSIOND_GRPC_PORT. A flag counts before
its variable. Put a database's password into SESSIOND_STORE, where other users' ps does not show it.
Sizes are written 512KiB or 16MiB, times 500ms, 10s, 5m or 1h.
${groups.map(groupHelp).join("")}
SIGTERM and SIGINT end the server within --shutdown-grace; a second one ends it at once.
Exit codes: 0 stopped when asked, 1 failed, 2 wrong usage.
`;
}

/** What `sessiond migrate --help` prints. */
export const migrateHelp = `Brings an empty or older schema up to date, in one process at a time, and exits.

Usage: sessiond migrate [--dry-run] [--store URL] [settings of serve]

  --dry-run    print the SQL that would run, and change nothing

A newer schema, and tables of our names that sessiond did not make, are refused and left untouched.
Exit codes: 0 done or nothing to do, 1 failed, 2 wrong usage.
`;

/** What `sessiond doctor --help` prints. */
export const doctorHelp = `Checks the store: what it is, how it is set, its tables, the user's rights. Changes nothing.

Usage: sessiond doctor [--json] [--store URL] [settings of serve]

  --json    print the findings as JSON

Each finding is ok, warn (worth a change) or fail (in the way of work), with what to do.
Give it the settings that the server has: it compares them with those of the database.
Exit codes: 0 nothing failed, 1 a check failed, 2 wrong usage.
`;

/** What `sessiond stats --help` prints. */
export const statsHelp = `Counts sessions, events and their bytes, per app, and shows the largest sessions.

Usage: sessiond stats [--app NAME] [--largest N] [--estimate] [--json] [--store URL] [settings of serve]

  --app NAME      one app only
  --largest N     how many of the largest sessions to show [10]
  --estimate      read no session rows: apps, ages, and what the database's own statistics say
  --json          print JSON; times in microseconds since 1970, sizes in bytes

Counts stand in the session rows, so that no event is read. Sizes of tables are the database's estimates.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`;

/** What `sessiond index --help` prints. */
export const indexHelp = `Adds, lists and drops indexes over single keys of sessions' own state: for ListSessions filters that ask
for a value of the key, and for SQL of yours.

Usage: sessiond index add --state KEY --as TYPE [--dry-run] [--store URL] [settings of serve]
       sessiond index list [--json] [--store URL] [settings of serve]
       sessiond index drop --state KEY [--dry-run] [--store URL] [settings of serve]

  --state KEY    the key, as it stands in the state; not user:, app: or temp: ones
  --as TYPE      how SQL sees the value: text (up to 191 characters), integer, number, boolean
  --dry-run      print the SQL that would run, and change nothing
  --json         print JSON

The table of session states gets a column state_KEY, NULL where the value is not of the type. Servers that run
go on and use the index by themselves. On MySQL and MariaDB appends wait while a large table is copied.
Exit codes: 0 done, 1 failed (there is one already, or none), 2 wrong usage.
`;

/** What `sessiond watch --help` prints. */
export const watchHelp = `Prints the newest sessions of an app on a running server, and what happens to all of them from now on.

Usage: sessiond watch APP [--user ID] [--listed N] [--json] [--server URL]

  --user ID       sessions of this user only
  --listed N      how many sessions to list at first, those that changed last [20]
  --json          print each session as one line of JSON: {"listed": …}, {"created": …}, {"changed": …}, {"deleted": …}
  --server URL    the server's HTTP port [http://127.0.0.1:8080]; also SESSIOND_SERVER

Lines begin with + for a new session, ~ for one that changed, - for one that was deleted. Connects again by itself when
a server goes away; sessions may come again then. Ends with Ctrl-C.
Exit codes: 0 ended, 1 failed (no server at first), 2 wrong usage.
`;

/** What `sessiond sessions --help` prints. */
export const sessionsHelp = `Lists and shows sessions of a running server, and deletes one.

Usage: sessiond sessions list APP [--user ID] [--limit N] [--json] [--server URL]
       sessiond sessions show APP USER SESSION [--json] [--server URL]
       sessiond sessions delete APP USER SESSION [--server URL]

  --user ID       sessions of this user only
  --limit N       how many, those that changed last [50]
  --json          print each session as one line of JSON; with its state by show
  --server URL    the server's HTTP port [http://127.0.0.1:8080]; also SESSIOND_SERVER

Exit codes: 0 done, 1 failed (no such session, no server), 2 wrong usage.
`;

/** What `sessiond tail --help` prints. */
export const tailHelp = `Prints a conversation of a running server, and what is added to it from now on.

Usage: sessiond tail APP USER SESSION [--from N] [--json] [--server URL]

  --from N        begin with the event of this seq; all events if it is left out
  --json          print each event as one line of JSON; a change without an event as {"changed": …}
  --server URL    the server's HTTP port [http://127.0.0.1:8080]; also SESSIOND_SERVER

Connects again by itself when a server goes away, without leaving out or repeating an event. Colours only on a
terminal, and not if NO_COLOR is set. Ends with Ctrl-C, and when the session is deleted.
Exit codes: 0 ended, 1 failed (no such session, no server at first), 2 wrong usage.
`;

/** What `sessiond version --help` prints. */
export const versionHelp = `Prints the versions of sessiond, Node and the store libraries.

Usage: sessiond version
`;

function groupHelp(group: (typeof groups)[number]): string {
  const entries = Object.entries(knobs).filter(([, knob]) => knob.group === group);
  return `\n${group}\n${entries.map(([name, knob]) => knobHelp(name as KnobName, knob as Knob<unknown>)).join("")}`;
}

function knobHelp(name: KnobName, knob: Knob<unknown>): string {
  const head = `  ${flagForms(name)}`;
  const fallback = knob.show(knob.fallback);
  const note = knob.form === undefined || fallback === "" ? "" : ` [${fallback}]`;
  return `${head}\n${wrap(`${knob.doc}${note}`, 6)}\n`;
}

/** How a setting is written on the command line. */
export function flagForms(name: KnobName): string {
  const { form, fallback } = knobs[name];
  if (form !== undefined) return `${flagOf(name)} ${form}`;
  return fallback === true ? `--no-${flagOf(name).slice(2)}` : flagOf(name);
}

/** The reference of all settings in Markdown, for docs/configuration.md. */
export function markdownReference(): string {
  const sections = groups.map((group) => {
    const rows = Object.entries(knobs)
      .filter(([, knob]) => knob.group === group)
      .map(([name, knob]) => markdownRow(name as KnobName, knob as Knob<unknown>));
    return `## ${group}\n\n| Flag | Variable | Default | |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return sections.join("\n");
}

function markdownRow(name: KnobName, knob: Knob<unknown>): string {
  const fallback = knob.show(knob.fallback);
  const toggle = knob.form === undefined;
  const cells = [
    `\`${flagForms(name).replaceAll("|", "\\|")}\``,
    `\`${variableOf(name)}${toggle ? `=${!knob.fallback}` : ""}\``,
    toggle || fallback === "" ? "not set" : `\`${fallback.replaceAll(",", ", ")}\``,
    knob.doc.replaceAll("|", "\\|"),
  ];
  return `| ${cells.join(" | ")} |`;
}

function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  for (const word of text.split(/ |(?<=,)(?=[A-Z])/)) {
    if (line.length + word.length + 1 > width && line.trim() !== "") {
      lines.push(line);
      line = " ".repeat(indent);
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}
