/** Many calls at once, and what comes of them. */
import { Code } from "@connectrpc/connect";
import { SessiondError, type SessiondSessionService } from "sessiond-client/adk";

/** Creates sessions at once. */
export function createMany(service: SessiondSessionService, appName: string, count: number) {
  return Array.from({ length: count }, (_, index) =>
    service.createSession({ appName, userId: "u", sessionId: `s${index}` }),
  );
}

/** How many calls ended in what: "landed", or the name and code of an error. */
export async function outcomes(calls: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const end of await Promise.allSettled(calls)) {
    const name =
      end.status === "fulfilled"
        ? "landed"
        : end.reason instanceof SessiondError
          ? `${end.reason.name} ${Code[end.reason.code ?? 0]}`
          : String(end.reason);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
