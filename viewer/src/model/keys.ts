/** Names of sessions as plain values. */
import type { SessionKey } from "../../../clients/typescript/src/gen/sessiond/v1/session_pb.ts";

export interface SessionKeyParts {
  readonly appName: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** A key of a message as a plain value. */
export function keyParts(key: SessionKey | undefined): SessionKeyParts {
  const { appName = "", userId = "", sessionId = "" } = key ?? {};
  return { appName, userId, sessionId };
}

/** A text that is the same for the same key, and another for every other one. */
export function keyText({ appName, userId, sessionId }: SessionKeyParts): string {
  return JSON.stringify([appName, userId, sessionId]);
}
