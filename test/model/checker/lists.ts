/** Lists of sessions: in their order, and what did not change during the walk exactly once. */
import type { Session } from "../../../gen/ts/sessiond/v1/session_pb.ts";
import { SessionOrder } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { keyText } from "../texts.ts";
import type { Existence } from "./existence.ts";
import { type Issued, ofKind } from "./issued.ts";
import type { Log } from "./log.ts";
import type { Report } from "./report.ts";

/** Checks whole walks. */
export function checkLists(issued: readonly Issued[], log: Log, existence: Existence, report: Report): void {
  const abandoned = issued.filter(({ call, open }) => open && ["append", "update"].includes(call.kind));
  for (const { call, answered } of ofKind(issued, "listSessions")) {
    const { key, order } = call.request;
    const byCreate = order === SessionOrder.CREATE_TIME_ASC || order === SessionOrder.CREATE_TIME_DESC;
    const ascending = order === SessionOrder.CREATE_TIME_ASC || order === SessionOrder.UPDATE_TIME_ASC;
    for (const { answer, start, end } of answered) {
      const times = answer.map((session) => micros(byCreate ? session.createTime : session.updateTime));
      const wrong = times.findIndex((time, at) => {
        const before = times[at - 1] ?? time;
        return ascending ? time < before : time > before;
      });
      if (wrong >= 0) report(`a list of sessions is not in its order at ${wrong}: ${times}`);
      for (const life of log.all) {
        const [appName, userId] = JSON.parse(life.key) as string[];
        if (appName !== key?.appName || (key?.userId !== "" && userId !== key?.userId)) continue;
        const rows = answer.filter(({ uid }) => uid === life.uid);
        // A write that was given up may land during the walk, and nobody be told.
        const mayMove = abandoned.some(
          (write) => write.start < end && keyText(write.call.request.key) === life.key,
        );
        const still = byCreate || (!mayMove && isUnchanged(life, start, end));
        if (existence.surelyThere(life, start, end) && still && rows.length !== 1)
          report(`a list of sessions has ${life.name} ${rows.length} times`);
        if (rows.length > 0 && existence.surelyGone(life, start))
          report(`a list has ${life.name}, which was gone`);
      }
      const outside = answer.find(
        (session) =>
          session.key?.appName !== key?.appName ||
          (key?.userId !== "" && session.key?.userId !== key?.userId),
      );
      if (outside !== undefined) report(`a list of ${keyText(key)} has ${keyText(outside.key)}`);
    }
  }
}

function isUnchanged(life: ReturnType<Log["of"]>[number], start: number, end: number): boolean {
  return ![...life.changes.values()].some((change) => change.start < end && change.end > start);
}

function micros(time: Session["createTime"]): number {
  return Number(time?.seconds ?? 0) * 1e6 + (time?.nanos ?? 0) / 1e3;
}
