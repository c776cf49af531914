/** What a row of docs/clients.md is. */
import type { Language } from "./languages.ts";

/** One value per language; where one is missing the rule holds. */
export type ByLanguage = Partial<Readonly<Record<Language, unknown>>>;

/** A value of an event that programs write and read. Each row is an event of its own. */
export interface Row {
  /** Its name in the table. */
  readonly field: string;
  /** Where it stands in an event's normal form (normal.ts). */
  readonly at: readonly (string | number)[];
  /** Its normal form, in which it is written, sent and read unless the row says otherwise. */
  readonly value: unknown;
  /** The languages whose ADK declares it. Of the others only TypeScript reads it. */
  readonly known: readonly Language[];
  /** Those that can write it; `known` when left out. */
  readonly writers?: readonly Language[];
  /** What a language's ADK is given to make it of, in ADK's own JSON, where that differs. */
  readonly built?: ByLanguage;
  /** What a language sends, where that differs. */
  readonly wire?: ByLanguage;
  /** What a language reads; a function of what was sent where that counts. */
  readonly read?: ByLanguage;
  /** What a language reads in the session's merged state. */
  readonly state?: ByLanguage;
  /** Set where what is read again is another type than what was written, in the writer's own language too. */
  readonly becomes?: string;
  /** For the table. */
  readonly note?: string;
}

/** Absent: for `read`, where the language has the field but not the value. */
export const nothing: unique symbol = Symbol("nothing");

/** A value that a language reads as a function of what was sent. */
export type Reading = (sent: unknown) => unknown;
