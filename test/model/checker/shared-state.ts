/**
 * Shared state (I5): each key of a user or an app is a register that sessions and updates write. Every value is written
 * once, so a read tells whose it saw; it must not be one that another write had replaced before the read began.
 */
import type { SessionKey } from "../../../gen/ts/sessiond/v1/session_pb.ts";
import type { Call, SharedScope } from "../calls.ts";
import { type Delta, deltaOf } from "./incarnation.ts";
import { type Issued, ofKind } from "./issued.ts";
import type { Log } from "./log.ts";
import type { Report } from "./report.ts";
import type { Observation } from "./sessions.ts";

/** A write of one key: a value, or undefined where it was removed. */
interface Write {
  readonly value: string | undefined;
  readonly start: number;
  /** Infinity where it may never have happened. */
  readonly end: number;
  /** Where a session's change made it. */
  readonly uid?: string;
  readonly revision?: number;
}

/** A read of one key; of a session's snapshot it has seen what the session had done up to its revision. */
interface Read extends Write {
  readonly what: string;
}

/** Checks every read of every shared key. */
export function checkSharedState(
  issued: readonly Issued[],
  observations: readonly Observation[],
  log: Log,
  report: Report,
): void {
  const writes = writesOf(issued, log);
  for (const [register, read] of readsOf(issued, observations, writes)) {
    const of = writes.get(register) ?? [];
    const candidates = of.filter(({ value }) => value === read.value);
    if (read.value === undefined) candidates.push({ value: undefined, start: -1, end: -1 });
    const visible = of.filter((write) => isBefore(write, read));
    const fits = candidates.some(
      (write) =>
        write.start < read.end &&
        !isHidden(write, read) &&
        !visible.some((later) => later !== write && isBefore(write, later)),
    );
    if (fits) continue;
    const newest = visible.map(({ value }) => value).join(", ");
    report(`${read.what} saw ${register} as ${read.value}, written before it: ${newest} (I5)`);
  }
}

/** Whether one was over before the other began, by the clock or by the session's revisions. */
function isBefore(a: Write, b: Write): boolean {
  if (a.end < b.start) return true;
  return a.uid !== undefined && a.uid === b.uid && (a.revision ?? 0) <= (b.revision ?? 0);
}

/** Whether it is of a later revision than the snapshot that was read. */
function isHidden(write: Write, read: Read): boolean {
  return write.uid !== undefined && write.uid === read.uid && (write.revision ?? 0) > (read.revision ?? 0);
}

function writesOf(issued: readonly Issued[], log: Log): Map<string, Write[]> {
  const writes = new Map<string, Write[]>();
  const add = (register: string, write: Write) => {
    const of = writes.get(register) ?? [];
    writes.set(register, of);
    of.push(write);
  };
  for (const life of log.all) {
    const [appName = "", userId = ""] = JSON.parse(life.key) as string[];
    for (const { delta, start, end, revision } of life.changes.values()) {
      for (const [register, value] of sharedWrites(appName, userId, delta.set, delta.remove))
        add(register, { value, start, end, uid: life.uid, revision });
    }
  }
  for (const { call, answered, start, open } of ofKind(issued, "setShared")) {
    const end = answered[0]?.end ?? Number.POSITIVE_INFINITY;
    if (answered.length === 0 && !open) continue;
    const { key, stateDelta, removedStateKeys } = call.request;
    const place = (name: string) => registerOf(call.scope, key?.appName ?? "", key?.userId ?? "", name);
    for (const [name, value] of Object.entries(stateDelta)) add(place(name), { value, start, end });
    for (const name of removedStateKeys) add(place(name), { value: undefined, start, end });
  }
  // What nobody was told of may have happened, also in a session that nobody saw.
  for (const { call, start, open } of issued) {
    if (!open) continue;
    const { appName = "", userId = "" } = call.request.key ?? {};
    for (const { set, remove } of deltasOf(call)) {
      for (const [register, value] of sharedWrites(appName, userId, set, remove))
        add(register, { value, start, end: Number.POSITIVE_INFINITY });
    }
  }
  return writes;
}

/** What a call does to state whose keys have their prefix. */
function deltasOf(call: Call): Delta[] {
  switch (call.kind) {
    case "create":
      return [{ set: call.request.state, remove: [] }];
    case "update":
      return [{ set: call.request.stateDelta, remove: call.request.removedStateKeys }];
    case "append":
      return call.request.events.map(deltaOf);
    default:
      return [];
  }
}

function* readsOf(
  issued: readonly Issued[],
  observations: readonly Observation[],
  writes: ReadonlyMap<string, unknown>,
): Generator<[string, Read]> {
  for (const { session, start, end, state, what } of observations) {
    if (!state) continue;
    const { appName, userId } = session.key as SessionKey;
    const seen = new Map(sharedWrites(appName, userId, session.state, []));
    const { uid, revision } = session;
    for (const register of new Set([...registersOf(writes, appName, userId), ...seen.keys()]))
      yield [register, { value: seen.get(register), start, end, uid, revision: Number(revision), what }];
  }
  for (const { call, answered } of ofKind(issued, "getShared")) {
    const { appName, userId } = call.request.key as SessionKey;
    for (const { answer, start, end } of answered) {
      const seen = new Map(
        Object.entries(answer).map(([name, value]) => [registerOf(call.scope, appName, userId, name), value]),
      );
      const written = registersOf(writes, appName, userId).filter(
        (register) => JSON.parse(register)[0] === call.scope,
      );
      for (const register of new Set([...written, ...seen.keys()]))
        yield [register, { value: seen.get(register), start, end, what: "a read of shared state" }];
    }
  }
}

/** The registers of a user and of the app. */
function registersOf(writes: ReadonlyMap<string, unknown>, appName: string, userId: string): string[] {
  return [...writes.keys()].filter((register) => {
    const [scope, app, user] = JSON.parse(register) as string[];
    return app === appName && (scope === "app" || user === userId);
  });
}

function sharedWrites(
  appName: string,
  userId: string,
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
): [string, string | undefined][] {
  const written = [...Object.entries(set), ...remove.map((key) => [key, undefined] as const)];
  return written.flatMap(([key, value]) => {
    const [, scope, name = ""] = /^(user|app):(.*)$/s.exec(key) ?? [];
    return scope === undefined ? [] : [[registerOf(scope as SharedScope, appName, userId, name), value]];
  });
}

function registerOf(scope: SharedScope, appName: string, userId: string, name: string): string {
  return JSON.stringify([scope, appName, scope === "user" ? userId : "", name]);
}
