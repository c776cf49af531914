/** Large texts. */

const frame = '{"t":""}';

/** A JSON object of so many bytes. */
export function jsonOf(bytes: number): string {
  return `{"t":"${"x".repeat(bytes - frame.length)}"}`;
}
