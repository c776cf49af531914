import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";

/** An event as the viewer's model gets it; `parts` become its content, `actions` its bytes. */
export function event(
  seq: number,
  init: Omit<MessageInitShape<typeof EventSchema>, "$typeName" | "$unknown" | "actions" | "content"> & {
    readonly parts?: readonly object[];
    readonly actions?: object;
  } = {},
): Event {
  const { parts, actions, ...rest } = init;
  return create(EventSchema, {
    id: `e${seq}`,
    seq: BigInt(seq),
    revision: BigInt(seq + 1),
    timestamp: 1_000 + seq,
    content: parts === undefined ? "" : JSON.stringify({ role: "model", parts }),
    actions: actions === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(actions)),
    ...rest,
  });
}
