/**
 * The six guarantees of a stream (I6), each a function from what a tail received to what is wrong with it. They know
 * nothing of each other: a fault is told by every guarantee that it breaks.
 */
import type { Connection, Frame, SeenEvent, TailLog, Truth } from "./log.ts";

/** Tells every violation in words. */
export type Validator = (log: TailLog, truth: Truth) => string[];

/** Within a connection everything comes by revision, events by seq. */
export const ordered: Validator = ({ connections }) =>
  connections.flatMap(({ frames }, at) => {
    const wrong: string[] = [];
    let last = { seq: 0, revision: 0 };
    for (const item of itemsOf(frames)) {
      if (item.revision <= last.revision || item.seq < last.seq) {
        wrong.push(`connection ${at}: ${name(item)} came after revision ${last.revision}, seq ${last.seq}`);
      }
      last = item;
    }
    return wrong;
  });

/** Nothing comes twice, but for the events of an append that was still going on where its connection ended. */
export const unique: Validator = ({ connections }) => {
  const wrong: string[] = [];
  const seen = new Set<number>();
  for (const [at, { frames }] of connections.entries()) {
    for (const item of itemsOf(frames)) {
      if (seen.has(item.revision)) wrong.push(`connection ${at}: ${name(item)} came again`);
      seen.add(item.revision);
    }
    // A resume begins before the append that was cut in the middle.
    for (const event of unfinished(frames)) seen.delete(event.revision);
  }
  return wrong;
};

/** Between where the tail began and how far it says it is, nothing is missing. */
export const reliable: Validator = ({ connections }, truth) => {
  const seen = new Set(connections.flatMap(({ frames }) => itemsOf(frames).map(({ revision }) => revision)));
  const begin = connections.find(({ frames }) => frames.length > 0)?.frames[0];
  if (begin?.kind !== "opened") return [];
  const covered = connections
    .flatMap(({ frames }) => frames)
    .reduce((most, { seq }) => Math.max(most, seq), 0);
  const wrong: string[] = [];
  for (let seq = begin.seq + 1; seq <= covered; seq++) {
    const event = truth.events.get(seq);
    if (event === undefined)
      wrong.push(`it says that it covers seq ${covered}, and there is no event ${seq}`);
    else if (!seen.has(event.revision))
      wrong.push(`event ${seq} is missing, though seq ${covered} is covered`);
  }
  // A change is due once something after it was told.
  const told = Math.max(0, ...seen);
  for (const [revision, { afterSeq }] of truth.changes) {
    if (revision > begin.revision && revision < told && !seen.has(revision)) {
      wrong.push(`the change of revision ${revision} after seq ${afterSeq} is missing`);
    }
  }
  return wrong;
};

/** No cursor lies in the middle of an append: a resume never splits one. */
export const atomic: Validator = ({ connections }, truth) => {
  // Where it begins is the reader's choice, also in the middle of an append.
  const begin = connections.find(({ frames }) => frames.length > 0)?.frames[0]?.seq;
  return connections.flatMap(({ frames }, at) => {
    const wrong: string[] = [];
    const [opened] = frames;
    if (opened?.seq !== begin && opened?.kind === "opened" && !isEnd(opened.seq, truth)) {
      wrong.push(`connection ${at} resumed at seq ${opened.seq}, in the middle of an append`);
    }
    for (const frame of frames) {
      if (frame.kind === "events" && !frame.continues && !isEnd(frame.seq, truth)) {
        wrong.push(
          `connection ${at}: a frame ends at seq ${frame.seq}, in the middle of an append, and does not say so`,
        );
      }
    }
    return wrong;
  });
};

/** A connection that was opened with a cursor goes on right after the frame that carried it, with the same events. */
export const resumable: Validator = ({ connections }, truth) => {
  const wrong: string[] = [];
  const places = new Map<string, Frame>();
  for (const [at, { cursor, frames }] of connections.entries()) {
    const [opened] = frames;
    const from = places.get(cursor);
    if (opened !== undefined && opened.kind !== "opened")
      wrong.push(`connection ${at} begins with ${opened.kind}`);
    if (opened !== undefined && from !== undefined && opened.seq > from.seq) {
      wrong.push(
        `connection ${at} was opened at the cursor of seq ${from.seq} and begins after ${opened.seq}`,
      );
    }
    let next: number | undefined;
    for (const frame of frames) {
      places.set(frame.cursor, frame);
      if (frame.kind === "opened") next = frame.seq + 1;
      if (frame.kind !== "events") continue;
      for (const event of frame.events) {
        if (event.seq !== next)
          wrong.push(`connection ${at}: event ${event.seq} stands where ${next} is due`);
        next = event.seq + 1;
        const real = truth.events.get(event.seq);
        if (real === undefined || real.text !== event.text) {
          wrong.push(`connection ${at}: event ${event.seq} is not the one that was stored`);
        }
      }
    }
  }
  return wrong;
};

/** What a frame says to cover was told, and once caught up, everything that was there at the opening. */
export const bookmarkable: Validator = ({ connections }) =>
  connections.flatMap(({ frames }, at) => {
    const wrong: string[] = [];
    let told = 0;
    let headSeq = 0;
    for (const frame of frames) {
      if (frame.cursor === "") wrong.push(`connection ${at}: a frame of ${frame.kind} has no cursor`);
      if (frame.kind === "opened") {
        told = frame.seq;
        headSeq = frame.headSeq;
      } else if (frame.kind === "events") {
        told = Math.max(told, ...frame.events.map(({ seq }) => seq));
      }
      if (frame.seq > told)
        wrong.push(`connection ${at}: ${frame.kind} covers seq ${frame.seq}, told is ${told}`);
      if (frame.kind === "caughtUp" && told < headSeq) {
        wrong.push(`connection ${at} is caught up at seq ${told}, the head at its opening was ${headSeq}`);
      }
    }
    return wrong;
  });

/** All six by name. */
export const validators = { ordered, unique, reliable, atomic, resumable, bookmarkable };

/** Every violation of every guarantee, with its name. */
export function violationsOf(log: TailLog, truth: Truth): string[] {
  return Object.entries(validators).flatMap(([guarantee, validate]) =>
    validate(log, truth).map((violation) => `${guarantee}: ${violation}`),
  );
}

interface Item {
  readonly kind: "event" | "change";
  readonly seq: number;
  readonly revision: number;
}

/** Events and changes in the order that they came. */
function itemsOf(frames: readonly Frame[]): Item[] {
  return frames.flatMap((frame): Item[] => {
    if (frame.kind === "events") {
      return frame.events.map(({ seq, revision }) => ({ kind: "event", seq, revision }));
    }
    return frame.kind === "changed"
      ? [{ kind: "change", seq: frame.afterSeq, revision: frame.revision }]
      : [];
  });
}

/** The events of an append of which the end did not come. */
function unfinished(frames: Connection["frames"]): readonly SeenEvent[] {
  const last = frames.findLastIndex((frame) => frame.kind === "events" && !frame.continues);
  return frames.slice(last + 1).flatMap((frame) => (frame.kind === "events" ? frame.events : []));
}

function isEnd(seq: number, truth: Truth): boolean {
  return seq === 0 || truth.appendEnds.has(seq);
}

function name(item: Item): string {
  return item.kind === "event" ? `event ${item.seq}` : `the change of revision ${item.revision}`;
}
