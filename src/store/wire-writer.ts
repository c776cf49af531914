/**
 * Writes protobuf fields into one buffer that is used again and again, without an object
 * of the message and its reflective encoding (docs/decisions/0016).
 */

const FIRST_BYTES = 64 * 1024;
/** A larger buffer is given up after its use, so that one large event is not paid for ever. */
const KEPT_BYTES = 1024 * 1024;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Texts of at most so many UTF-16 units have a length of one byte, whatever they are made of. */
const SHORT_TEXT = 42;
/** The most bytes that the tag and the number of a field take. */
const SCALAR_BYTES = 16;

/** A growing text of protobuf fields. */
export class WireWriter {
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;

  /** What was written since the last `take`, in bytes. */
  get length(): number {
    return this.at;
  }

  /** A copy of what was written, and a new beginning. */
  take(): Uint8Array {
    const made = Buffer.allocUnsafe(this.at);
    this.buffer.copy(made, 0, 0, this.at);
    this.reset();
    return made;
  }

  /** The same in memory that it shares with nothing, so that it can be moved to another thread. */
  takeOwn(): Uint8Array<ArrayBuffer> {
    const made = new Uint8Array(this.buffer.subarray(0, this.at));
    this.reset();
    return made;
  }

  /** Forgets what was written. */
  reset(): void {
    this.at = 0;
    if (this.buffer.length > KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /** A text, also an empty one. It must be well-formed UTF-16. */
  text(field: number, text: string): void {
    if (text.length <= SHORT_TEXT) {
      this.room(SCALAR_BYTES + SHORT_TEXT * 3);
      this.tag(field, LENGTH);
      const written = this.buffer.write(text, this.at + 1, "utf8");
      this.buffer[this.at] = written;
      this.at += 1 + written;
      return;
    }
    const bytes = Buffer.byteLength(text);
    this.room(SCALAR_BYTES + bytes);
    this.tag(field, LENGTH);
    this.varint(bytes);
    this.buffer.write(text, this.at, "utf8");
    this.at += bytes;
  }

  /** Bytes, also none. */
  bytes(field: number, bytes: Uint8Array): void {
    this.room(SCALAR_BYTES + bytes.length);
    this.tag(field, LENGTH);
    this.varint(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** An int64, int32 or bool that is not negative: a safe integer. */
  whole(field: number, value: number): void {
    this.room(SCALAR_BYTES);
    this.tag(field, VARINT);
    this.varint(value);
  }

  /** An int64 that may be negative: a safe integer. */
  int64(field: number, value: number): void {
    if (value >= 0) {
      this.whole(field, value);
      return;
    }
    this.room(SCALAR_BYTES);
    this.tag(field, VARINT);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.buffer[this.at++] = Number(rest & 127n) | 128;
    this.buffer[this.at++] = Number(rest);
  }

  /** A double, to the last bit. */
  double(field: number, value: number): void {
    this.room(SCALAR_BYTES);
    this.tag(field, FIXED64);
    this.at = this.buffer.writeDoubleLE(value, this.at);
  }

  /** A message of the fields that `write` writes. */
  message(field: number, write: () => void): void {
    this.room(SCALAR_BYTES);
    this.tag(field, LENGTH);
    const from = this.at;
    // Most have a length of one byte; others are moved on.
    this.at++;
    write();
    const bytes = this.at - from - 1;
    if (bytes > 127) {
      const more = bytes > 16_383 ? (bytes > 2_097_151 ? 3 : 2) : 1;
      this.room(more);
      this.buffer.copyWithin(from + 1 + more, from + 1, this.at);
    }
    this.at = from;
    this.varint(bytes);
    this.at += bytes;
  }

  private tag(field: number, type: number): void {
    this.varint(field * 8 + type);
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      // Beyond 32 bits, where bit operations end.
      this.buffer[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.at++] = rest;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
