/** Checks of the session key, of which each request wants certain parts. */
import type { SessionKey as ProtoKey } from "../../../gen/ts/sessiond/v1/session_pb.ts";
import type { SessionKey } from "../../store/store.ts";
import { checkId, checkOptionalId } from "./text.ts";
import type { Violations } from "./violations.ts";

type Wanted = "required" | "optional" | "absent";

const shapes = {
  /** One session. */
  session: { app: "required", user: "required", session: "required" },
  /** A session to make, whose id may be the server's. */
  newSession: { app: "required", user: "required", session: "optional" },
  user: { app: "required", user: "required", session: "absent" },
  app: { app: "required", user: "absent", session: "absent" },
  /** All sessions of an app or of one of its users. */
  scope: { app: "required", user: "optional", session: "absent" },
} as const satisfies Record<string, Readonly<Record<"app" | "user" | "session", Wanted>>>;

/** Which parts a request wants. */
export type KeyShape = keyof typeof shapes;

/** The key with all of its parts; those that are not given are empty. */
export function checkKey(violations: Violations, key: ProtoKey | undefined, shape: KeyShape): SessionKey {
  if (key === undefined) {
    violations.add("key", "is missing");
    return { appName: "", userId: "", sessionId: "" };
  }
  const wanted = shapes[shape];
  const { appName, userId, sessionId } = key;
  checkPart(violations, "key.app_name", appName, wanted.app);
  checkPart(violations, "key.user_id", userId, wanted.user);
  checkPart(violations, "key.session_id", sessionId, wanted.session);
  return { appName, userId, sessionId };
}

function checkPart(violations: Violations, field: string, id: string, wanted: Wanted): void {
  if (wanted === "required") checkId(violations, field, id);
  else if (wanted === "optional") checkOptionalId(violations, field, id);
  else if (id !== "") violations.add(field, "must be empty in this request");
}
