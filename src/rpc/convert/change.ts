/** Changes without an event as messages. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ChangedFrameSchema } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { APP_PREFIX, mergeState, USER_PREFIX } from "../../store/state.ts";
import type { SessionChange } from "../../store/store.ts";
import type { UpdatePath } from "../validate/update-mask.ts";
import { toMapField } from "./session.ts";
import { toTimestamp } from "./time.ts";

/** A change as a stream tells it. */
export function toChanged(change: SessionChange): MessageInitShape<typeof ChangedFrameSchema> {
  const { session, user, app } = change.delta;
  return {
    revision: BigInt(change.revision),
    afterSeq: BigInt(change.afterSeq),
    stateDelta: toMapField(mergeState(session.set, user.set, app.set)),
    removedStateKeys: [
      ...session.remove,
      ...user.remove.map((key) => USER_PREFIX + key),
      ...app.remove.map((key) => APP_PREFIX + key),
    ],
    stateReplaced: change.replaced,
    changed: { paths: pathsOf(change) },
    createTime: toTimestamp(change.createMicros),
  };
}

function pathsOf(change: SessionChange): UpdatePath[] {
  const paths: UpdatePath[] = [];
  if (change.ownerId !== undefined) paths.push("owner_id");
  if (change.displayName !== undefined) paths.push("display_name");
  if (change.labels !== undefined) paths.push("labels");
  if (change.replaced) paths.push("state");
  else if (Object.values(change.delta).some(({ set, remove }) => set.size + remove.length > 0)) {
    paths.push("state_delta");
  }
  return paths;
}
