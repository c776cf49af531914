/**
 * Follows a session and keeps its place in a file, so that every event is handled at least once, whatever breaks.
 *
 * node worker.ts host:port app user session cursor-file
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { tail } from "sessiond-client";
import { connect } from "sessiond-client/grpc";

const [target = "", appName = "", userId = "", sessionId = "", file = ""] = process.argv.slice(2);
const { client, close } = connect(target);
const cursor = await readFile(file, "utf8").catch(() => "");

for await (const update of tail(client, { key: { appName, userId, sessionId }, cursor })) {
  if (update.kind === "events") {
    for (const event of update.events) console.log(`${event.seq} ${event.author}: ${event.content}`);
  }
  if (update.kind === "ended") console.log(`ended: ${update.reason}`);
  if (update.kind === "waiting") continue;
  // Only now that it is handled: what was not written down comes again. Moved into place, so that a crash leaves no half.
  await writeFile(`${file}.new`, update.cursor);
  await rename(`${file}.new`, file);
}
close();
