/** Collects everything that is wrong with a request, so that its sender learns of it at once. */
import { type FieldViolation, quote, RpcError } from "../errors.ts";

// Statuses travel in HTTP trailers, which many peers bound to 8 KiB; of details that do not fit, gRPC's
// (src/server/grpc/status.ts) have none of the violations.
const MAX_VIOLATIONS = 25;
const MAX_TEXT_BYTES = 3_000;

/** The violations of one request. Checks add to it; `throwIfAny` ends the checking. */
export class Violations {
  private readonly list: FieldViolation[] = [];
  private left = 0;
  private textBytes = 0;
  private tooLarge: RpcError | undefined;

  /** `field` is the path in the names of the proto. */
  add(field: string, description: string): void {
    this.textBytes += Buffer.byteLength(field) + Buffer.byteLength(description);
    if (this.list.length < MAX_VIOLATIONS && this.textBytes <= MAX_TEXT_BYTES)
      this.list.push({ field, description });
    else this.left++;
  }

  /** Something valid in form that exceeds a size: reported only if nothing else is wrong. */
  addTooLarge(field: string, bytes: number, limitBytes: number): void {
    this.tooLarge ??= new RpcError(
      "TOO_LARGE",
      `${field} has ${bytes} bytes; the limit is ${limitBytes}. Send less.`,
      { facts: { limit_bytes: String(limitBytes) } },
    );
  }

  /** @throws RpcError INVALID_FIELD with all violations, or TOO_LARGE */
  throwIfAny(): void {
    const [first] = this.list;
    if (first !== undefined) {
      const more = this.list.length + this.left - 1;
      const rest = more === 0 ? "" : ` ${more} more ${more === 1 ? "field is" : "fields are"} not valid.`;
      throw new RpcError("INVALID_FIELD", `${first.field} ${first.description}.${rest}`, {
        fieldViolations: this.list,
      });
    }
    if (this.tooLarge !== undefined) throw this.tooLarge;
  }
}

/** The path of a map's entry: `event.state_delta["key"]`. */
export function entryPath(field: string, key: string): string {
  return `${field}[${quote(key)}]`;
}
