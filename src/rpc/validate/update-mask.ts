/** Which fields an UpdateSession changes. */
import type { UpdateSessionRequest } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { quote } from "../errors.ts";
import type { Violations } from "./violations.ts";

const paths = ["owner_id", "display_name", "labels", "state", "state_delta"] as const;

/** A field that a mask may name. */
export type UpdatePath = (typeof paths)[number];

/** What `*` stands for. */
const everything: readonly UpdatePath[] = ["owner_id", "display_name", "labels", "state"];

/** The fields to change: those of the mask, or without one those that are not empty. */
export function checkUpdateMask(
  violations: Violations,
  request: UpdateSessionRequest,
): ReadonlySet<UpdatePath> {
  const named = request.updateMask?.paths ?? [];
  const chosen = named.length === 0 ? populated(request) : fromMask(violations, named);
  if (chosen.has("state") && chosen.has("state_delta")) {
    violations.add("update_mask", "names both state and state_delta, which exclude each other");
  }
  if (named.length === 0 && chosen.size === 0) {
    violations.add("update_mask", "is absent and no field has a value: there is nothing to change");
  }
  return chosen;
}

function fromMask(violations: Violations, named: readonly string[]): ReadonlySet<UpdatePath> {
  const chosen = new Set<UpdatePath>();
  for (const name of named) {
    const path = paths.find((known) => known === name);
    if (name === "*") for (const each of everything) chosen.add(each);
    else if (path !== undefined) chosen.add(path);
    else violations.add("update_mask", `names ${quote(name)}; it may name *, ${paths.join(", ")}`);
  }
  return chosen;
}

function populated(request: UpdateSessionRequest): ReadonlySet<UpdatePath> {
  const chosen = new Set<UpdatePath>();
  if (request.ownerId !== "") chosen.add("owner_id");
  if (request.displayName !== "") chosen.add("display_name");
  if (hasEntries(request.labels)) chosen.add("labels");
  if (hasEntries(request.state)) chosen.add("state");
  if (hasEntries(request.stateDelta) || request.removedStateKeys.length > 0) chosen.add("state_delta");
  return chosen;
}

function hasEntries(map: Readonly<Record<string, string>>): boolean {
  return Object.keys(map).length > 0;
}
