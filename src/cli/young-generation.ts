/** The bound of V8's young generation, which can be set at the start of a process only. */

/** MiB of each of its two halves. */
const SEMI_SPACE_MIB = 8;

const GIVEN = /--(max|min)[-_]semi[-_]space[-_]size|--max[-_]heap[-_]size/;
const DEBUGGED = /--inspect/;

/**
 * Replaces this process by one whose young generation is bounded, unless its options say otherwise already; the process
 * id and the standard streams stay. Without the bound V8 lets it grow while a history streams, and with it the garbage
 * outside the heap that it holds (docs/decisions/0022). Where a process cannot be replaced it goes on as it is.
 */
export function boundYoungGeneration(): void {
  const options = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  // A debugger's and a parent's connection would be lost.
  if (GIVEN.test(options) || DEBUGGED.test(options) || process.channel) return;
  const flags = [...process.execArgv, `--max-semi-space-size=${SEMI_SPACE_MIB}`];
  try {
    process.execve?.(process.execPath, [process.argv0, ...flags, ...process.argv.slice(1)]);
  } catch {
    // Windows has no such call.
  }
}
