/** The tables of docs/clients.md; the matrix tries every row of them. */
import type { Row } from "../row.ts";
import { actions } from "./actions.ts";
import { content } from "./content.ts";
import { envelope } from "./envelope.ts";
import { foreignRows } from "./foreign.ts";
import { payloads } from "./payloads.ts";
import { stateValues } from "./state.ts";

export { foreignRows } from "./foreign.ts";

/** A part of the page. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** What programs write. */
export const written: readonly Table[] = [
  { title: "The envelope", rows: envelope },
  { title: "Content", rows: content },
  { title: "Metadata and what else an event has", rows: payloads },
  { title: "Actions", rows: actions },
  { title: "State", rows: stateValues },
];

/** What no ADK of today writes. */
export const foreign: Table = { title: "What none of them wrote", rows: foreignRows };
