/** Every category of the conformance suite, the same cases for every engine. */
import { append } from "./append.ts";
import { appendGroups } from "./append-groups.ts";
import { changes } from "./changes.ts";
import { concurrency } from "./concurrency.ts";
import { create } from "./create.ts";
import { createGroups } from "./create-groups.ts";
import { remove } from "./delete.ts";
import { errors } from "./errors.ts";
import { events } from "./events.ts";
import { exactness } from "./exactness.ts";
import { get } from "./get.ts";
import { idempotency } from "./idempotency.ts";
import { ids } from "./ids.ts";
import { lists } from "./lists.ts";
import { migrations } from "./migrations.ts";
import { requests } from "./requests.ts";
import { state } from "./state.ts";
import { streams } from "./streams.ts";
import { tombstones } from "./tombstones.ts";
import { update } from "./update.ts";

export const CATEGORIES = {
  create,
  "create groups": createGroups,
  get,
  update,
  delete: remove,
  append,
  "append groups": appendGroups,
  idempotency,
  state,
  lists,
  events,
  streams,
  changes,
  requests,
  tombstones,
  ids,
  exactness,
  concurrency,
  migrations,
  errors,
};

export type CategoryName = keyof typeof CATEGORIES;
