/** What the RPCs of the two shared scopes have in common: an app's state, and a user's in an app. */
import type { SessionKey as ProtoKey } from "../../gen/ts/sessiond/v1/session_pb.ts";
import { APP_PREFIX, TEMP_PREFIX, USER_PREFIX } from "../store/state.ts";
import type { State } from "../store/store.ts";
import type { RequestContext } from "./context.ts";
import { toMapField } from "./convert/session.ts";
import { toTimestamp } from "./convert/time.ts";
import type { Deps } from "./deps.ts";
import { encodableDelta, requestMark } from "./digest.ts";
import { checkKey } from "./validate/key.ts";
import { checkRequestId } from "./validate/session.ts";
import { checkDelta, type MapField } from "./validate/state.ts";
import { entryPath, Violations } from "./validate/violations.ts";

/** The scopes, by the parts of the key that name them. */
export type SharedScope = "app" | "user";

/** A change of a shared scope; its keys have no prefix. */
export interface SharedStateChange {
  readonly key?: ProtoKey | undefined;
  readonly stateDelta: MapField;
  readonly removedStateKeys: readonly string[];
  readonly requestId: string;
}

/** Reads a scope's state. */
export async function readSharedState(
  { store }: Deps,
  scope: SharedScope,
  request: { readonly key?: ProtoKey | undefined },
  { signal }: RequestContext,
): Promise<{ state: Record<string, string> }> {
  const violations = new Violations();
  const key = checkKey(violations, request.key, scope);
  violations.throwIfAny();
  const userId = scope === "user" ? key.userId : undefined;
  const state: State = await store.getSharedState(key.appName, userId, signal);
  return { state: toMapField(state) };
}

/** Sets and removes keys of a scope's state. */
export async function changeSharedState(
  { store, limits, clock }: Deps,
  scope: SharedScope,
  request: SharedStateChange,
  { signal }: RequestContext,
): Promise<{ updateTime: { seconds: bigint; nanos: number } }> {
  const violations = new Violations();
  const { appName, userId } = checkKey(violations, request.key, scope);
  const fields = { set: "state_delta", remove: "removed_state_keys" };
  const given = { set: request.stateDelta, remove: request.removedStateKeys };
  const delta = checkDelta(violations, fields, given, limits);
  for (const key of delta.set.keys()) {
    if ([APP_PREFIX, USER_PREFIX, TEMP_PREFIX].some((prefix) => key.startsWith(prefix))) {
      violations.add(entryPath("state_delta", key), "has a prefix; the keys of this request have none");
    }
  }
  checkRequestId(violations, request.requestId);
  violations.throwIfAny();
  const { updateMicros } = await store.updateSharedState(
    {
      appName,
      userId: scope === "user" ? userId : undefined,
      nowMicros: clock(),
      delta: { set: delta.set, remove: [...new Set(delta.remove)] },
      request: requestMark(`shared state of ${scope}`, request.requestId, [
        [appName, userId],
        encodableDelta(delta),
      ]),
    },
    signal,
  );
  return { updateTime: toTimestamp(updateMicros) };
}
