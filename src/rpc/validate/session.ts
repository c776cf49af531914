/** Checks of what a session carries beside its events, and of what a change expects of it. */
import type { Expectation } from "../../store/store.ts";
import { checkSeq } from "./numbers.ts";
import type { MapField } from "./state.ts";
import { checkNoNul, checkOptionalId, checkSizedText, checkText } from "./text.ts";
import { entryPath, type Violations } from "./violations.ts";

const MAX_DISPLAY_NAME_BYTES = 1_024;
const MAX_LABELS = 64;
const MAX_LABEL_KEY_BYTES = 128;
const MAX_LABEL_VALUE_BYTES = 256;

/** Who owns the session; may be empty. */
export function checkOwnerId(violations: Violations, ownerId: string): void {
  checkOptionalId(violations, "owner_id", ownerId);
}

/** A title for people; may be empty. */
export function checkDisplayName(violations: Violations, displayName: string): void {
  checkSizedText(violations, "display_name", displayName, MAX_DISPLAY_NAME_BYTES);
  checkNoNul(violations, "display_name", displayName);
}

/** Labels of a session, or those to filter by. */
export function checkLabels(violations: Violations, labels: MapField): ReadonlyMap<string, string> {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) {
    violations.add("labels", `has ${entries.length} labels; the limit is ${MAX_LABELS}`);
  }
  for (const [key, value] of entries) {
    const path = entryPath("labels", key);
    checkSizedText(violations, path, key, MAX_LABEL_KEY_BYTES, 1);
    checkSizedText(violations, path, value, MAX_LABEL_VALUE_BYTES);
    checkNoNul(violations, path, key + value);
  }
  return new Map(entries);
}

/** The id that makes a retry safe; empty for none. */
export function checkRequestId(violations: Violations, requestId: string): void {
  checkOptionalId(violations, "request_id", requestId);
}

/** A uid that the session must have; undefined for any. */
export function checkSessionUid(violations: Violations, sessionUid: string): string | undefined {
  checkText(violations, "session_uid", sessionUid);
  return sessionUid === "" ? undefined : sessionUid;
}

/** What a change expects of its session: a revision only of a session that is named by its uid. */
export function checkExpectation(
  violations: Violations,
  request: { readonly sessionUid: string; readonly expectedRevision?: bigint | undefined },
): Expectation {
  const uid = checkSessionUid(violations, request.sessionUid);
  const revision = checkSeq(violations, "expected_revision", request.expectedRevision);
  if (request.expectedRevision !== undefined && uid === undefined) {
    violations.add("session_uid", "is needed with expected_revision: another session may have the same key");
  }
  return { uid, revision };
}
