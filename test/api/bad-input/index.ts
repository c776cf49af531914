import { events } from "./events.ts";
import { ids } from "./ids.ts";
import { messages } from "./messages.ts";
import { reads } from "./reads.ts";
import type { Group } from "./row.ts";
import { state } from "./state.ts";
import { writes } from "./writes.ts";

/** The table of bad input to a running server. */
export const badInput: readonly Group[] = [ids, events, state, writes, reads, messages];
