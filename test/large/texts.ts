/** Large texts. */

const frame = '{"t":""}';

/** A JSON object of so many bytes, filled with `piece`. */
export function jsonOf(bytes: number, piece = "x"): string {
  const room = bytes - frame.length;
  return `{"t":"${piece.repeat(room / piece.length)}${"x".repeat(room % piece.length)}"}`;
}
