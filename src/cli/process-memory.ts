/** Bounds on what the process takes from the system that can be set at its start only. */

/** MiB of each of the two halves of V8's young generation. */
const SEMI_SPACE_MIB = 8;
/** Heaps of glibc's malloc, of which it makes up to eight a core: each keeps free memory that the others cannot use. */
const ARENAS = 2;

const GIVEN = /--(max|min)[-_]semi[-_]space[-_]size|--max[-_]heap[-_]size/;
const DEBUGGED = /--inspect/;

/**
 * Replaces this process by one whose young generation is bounded, unless its options say otherwise already, and whose
 * malloc has few arenas, unless the environment says otherwise; the process id and the standard streams stay. Without the
 * bounds memory grows while a history streams (docs/decisions/0022). Where a process cannot be replaced it goes on as it
 * is.
 */
export function boundProcessMemory(): void {
  const options = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  // A debugger's and a parent's connection would be lost.
  if (GIVEN.test(options) || DEBUGGED.test(options) || process.channel) return;
  const flags = [...process.execArgv, `--max-semi-space-size=${SEMI_SPACE_MIB}`];
  const env = { MALLOC_ARENA_MAX: String(ARENAS), ...process.env };
  try {
    process.execve?.(process.execPath, [process.argv0, ...flags, ...process.argv.slice(1)], env);
  } catch {
    // Windows has no such call.
  }
}
