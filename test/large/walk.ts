/** Walks over pages. */
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { Session } from "../../gen/ts/sessiond/v1/session_pb.ts";
import type {
  ListEventsRequestSchema,
  ListSessionsRequestSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Api } from "../api/harness.ts";

type Query<S extends DescMessage> = Exclude<MessageInitShape<S>, { $typeName: string }>;

/** The pages of a session's events, one after the other. */
export async function* eventPages(
  api: Api,
  query: Query<typeof ListEventsRequestSchema>,
): AsyncGenerator<Event[]> {
  let pageToken = "";
  do {
    const page = await api.listEvents({ ...query, pageToken });
    yield page.events;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** The pages of a list of sessions, one after the other. */
export async function* sessionPages(
  api: Api,
  query: Query<typeof ListSessionsRequestSchema>,
): AsyncGenerator<Session[]> {
  let pageToken = "";
  do {
    const page = await api.listSessions({ ...query, pageToken });
    yield page.sessions;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** What all pages have together. */
export async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}
