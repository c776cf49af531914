/** The server's log: structured lines on stderr. */
import { createHash } from "node:crypto";
import { type DestinationStream, destination, type Logger, pino } from "pino";
import type { Config } from "./config.ts";

/** Makes the log. JSON lines; times as ISO 8601 in UTC. */
export function createLog(
  config: Pick<Config, "logLevel">,
  stream: DestinationStream = destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level: config.logLevel,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { cause: describeError },
    },
    stream,
  );
}

/** How the ids of apps, users and sessions stand in the log: a short digest, as they are, or not at all. */
export function idForLog(id: string, how: Config["logIds"]): string | undefined {
  if (how === "none") return undefined;
  if (how === "plain") return escapeControls(id);
  return createHash("sha256").update(id).digest("hex").slice(0, 16);
}

/**
 * A text of a caller's with everything escaped that could act on a terminal or forge a
 * line: control and direction characters, line separators, lone surrogates. Cut at 256.
 */
export function escapeControls(text: string): string {
  const cut = text.length > 256 ? `${text.slice(0, 256)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) =>
    [...found].map((one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`).join(""),
  );
}

/** An error for the log, with its causes; a driver's error may carry more than fits, so only these parts. */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return escapeControls(String(error));
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  return {
    type: error.name,
    message: escapeControls(error.message),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(typeof reason === "string" ? { reason } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
