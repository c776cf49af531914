/** Pages of a list of sessions, as ADK counts them. */
import type { ListSessionsRequest, ListSessionsResponse } from "@google/adk";
import { InvalidRequestError } from "./errors.ts";

type Paging = Pick<ListSessionsRequest, "limit" | "offset" | "page">;

/** Which of the sessions are asked for: from `start` to before `end`. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** Whether not all sessions are asked for. */
export function isPaged({ limit, offset = 0 }: Paging): boolean {
  return limit !== undefined || offset > 0;
}

/**
 * The place of a page in a list of `totalItems`, and what the answer says of it.
 * @throws InvalidRequestError for a negative number, a fraction, or a page before the first
 */
export function paginate(
  { limit, offset, page }: Paging,
  totalItems: number,
): Slice & Omit<ListSessionsResponse, "sessions"> {
  check("limit", limit, 0);
  check("offset", offset, 0);
  check("page", page, 1);
  if (limit === undefined) {
    const totalPages = totalItems === 0 ? 0 : 1;
    return { start: offset ?? 0, end: totalItems, page: 1, limit: totalItems, totalItems, totalPages };
  }
  const start = page === undefined ? (offset ?? 0) : (page - 1) * limit;
  return {
    start,
    end: start + limit,
    page: page ?? (limit === 0 ? 1 : Math.floor(start / limit) + 1),
    limit,
    totalItems,
    totalPages: limit === 0 ? 0 : Math.ceil(totalItems / limit),
  };
}

function check(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
    throw new InvalidRequestError(`${name} is ${value}; it is a whole number from ${least}`);
  }
}
