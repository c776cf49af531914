/** How long a stream may be silent. */
import type { Duration } from "@bufbuild/protobuf/wkt";
import { heartbeatBounds } from "../tails/options.ts";

/** What the server chooses where a caller asks for this, in milliseconds. */
export function heartbeatMs(asked: Duration | undefined): number {
  const { min, max, fallback } = heartbeatBounds;
  if (asked === undefined) return fallback;
  return Math.min(max, Math.max(min, Number(asked.seconds) * 1_000 + asked.nanos / 1e6));
}
