/** Plain calls and a tail over both front doors, in a project that has the client installed and nothing else. */
import { ErrorReason, errorReason, tail } from "sessiond-client";
import { connect } from "sessiond-client/grpc";
import { connect as connectWeb } from "sessiond-client/web";

declare const process: { readonly argv: readonly string[] };
const [target = "", url = ""] = process.argv.slice(2);
const overGrpc = connect(target);
for (const client of [overGrpc.client, connectWeb(url)]) {
  const { session } = await client.createSession({
    key: { appName: "empty", userId: "u" },
    state: { a: "1" },
  });
  const key = session?.key;
  if (key === undefined) throw new Error("no session came");
  await client.appendEvent({ key, event: { id: "e1", author: "u", content: '{"parts":[{"text":"hi"}]}' } });
  const seen: string[] = [];
  for await (const update of tail(client, { key })) {
    seen.push(update.kind);
    if (update.kind === "events" && update.events[0]?.id !== "e1") throw new Error("another event came");
    if (update.kind === "caughtUp") break;
  }
  if (seen.join() !== "opened,events,caughtUp") throw new Error(`unexpected: ${seen.join()}`);
  await client.deleteSession({ key });
  const reason = await client.getSession({ key }).then(() => undefined, errorReason);
  if (reason !== ErrorReason.SESSION_NOT_FOUND) throw new Error(`unexpected reason ${reason}`);
}
overGrpc.close();
