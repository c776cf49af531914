/**
 * What a group of creates does, decided without a database, as append-plan.ts does for
 * appends: an engine looks for the sessions and the kept answers, asks for a plan, and
 * writes it.
 */
import { keyText } from "./append-plan.ts";
import { StoreError } from "./errors.ts";
import type { CreateSessionInput } from "./store.ts";
import type { KeptAnswer } from "./stored-text.ts";

/** A kept answer with what it is compared by. */
export type KnownAnswer = KeptAnswer & { readonly digest: Uint8Array };

/** What a plan must know. */
export interface CreateFacts {
  /** The uids of the group's sessions that are there, by `keyText`. */
  readonly uids: ReadonlyMap<string, string>;
  /** Answers that the group's request marks have already, by `markText`. */
  readonly answers: ReadonlyMap<string, KnownAnswer>;
  /** Why a session of this owner is not made; undefined if it is. */
  readonly refuseOwner: ((ownerId: string) => StoreError | undefined) | undefined;
}

/**
 * What becomes of one create: a session to `make`; one that an earlier try of this very
 * call made, to `read`; an answer to `repeat`; the outcome of an earlier one of the group,
 * which has the `same` request mark; or an error.
 */
export type CreateStep =
  | { readonly kind: "make" }
  | { readonly kind: "read" }
  | { readonly kind: "repeat"; readonly kept: KeptAnswer }
  | { readonly kind: "same"; readonly at: number }
  | { readonly kind: "refuse"; readonly error: StoreError };

/** A string that is the same for the same request mark only. */
export function markText(appName: string, userId: string, requestId: string): string {
  return JSON.stringify([appName, userId, requestId]);
}

/** Plans a group: a step for each create, in its order. */
export function planCreates(group: readonly CreateSessionInput[], facts: CreateFacts): CreateStep[] {
  const made = new Set<string>();
  /** Who in the group has made a session for a mark. */
  const makers = new Map<string, number>();
  return group.map((input, at) => {
    const { key, request } = input;
    const mark = request && markText(key.appName, key.userId, request.id);
    if (mark !== undefined) {
      const kept = facts.answers.get(mark);
      if (kept !== undefined) return isSame(kept, input) ? { kind: "repeat", kept } : refuse(conflict());
      const first = makers.get(mark);
      if (first !== undefined) {
        return isSame(group[first]?.request, input) ? { kind: "same", at: first } : refuse(conflict());
      }
    }
    const step = planOne(input, made, facts);
    if (step.kind === "make") {
      made.add(keyText(input.key));
      if (mark !== undefined) makers.set(mark, at);
    }
    return step;
  });
}

function isSame(
  known: { readonly digest: Uint8Array } | undefined,
  { request }: CreateSessionInput,
): boolean {
  return known !== undefined && request !== undefined && Buffer.compare(known.digest, request.digest) === 0;
}

function planOne(input: CreateSessionInput, made: ReadonlySet<string>, facts: CreateFacts): CreateStep {
  const text = keyText(input.key);
  const uid = facts.uids.get(text);
  // Of this very call: a try before this one was committed, and its answer got lost.
  if (uid === input.uid) return { kind: "read" };
  if (uid !== undefined || made.has(text)) {
    return refuse(new StoreError("SESSION_ALREADY_EXISTS", "A session of this key exists already."));
  }
  const refused = facts.refuseOwner?.(input.ownerId);
  return refused === undefined ? { kind: "make" } : refuse(refused);
}

function refuse(error: StoreError): CreateStep {
  return { kind: "refuse", error };
}

function conflict(): StoreError {
  return new StoreError("REQUEST_ID_CONFLICT", "The request id was used for another request.");
}
