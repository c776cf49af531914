/** Times of the server's clock on the wire. */

/** Integer microseconds since 1970 as a google.protobuf.Timestamp. */
export function toTimestamp(micros: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(micros / 1_000_000);
  return { seconds: BigInt(seconds), nanos: (micros - seconds * 1_000_000) * 1_000 };
}
