import { newEvent, newEvents } from "../harness/samples.ts";
import { both, type Group, invalid } from "./row.ts";

const tooLong = "é".repeat(192);
const mendId = "Send 1 to 191 characters, none of them U+0000.";

/** Names of apps, users, sessions, events, requests, owners. */
export const ids: Group = {
  title: "Keys and ids",
  rows: [
    both("No key", invalid("key"), "Send the key.", ({ api }) => api.getSession({})),
    both("Empty app name", invalid("key.app_name"), mendId, ({ api, key }) =>
      api.getSession({ key: { ...key, appName: "" } }),
    ),
    both("Empty user id where the request is about a user", invalid("key.user_id"), mendId, ({ api, key }) =>
      api.getUserState({ key: { appName: key.appName } }),
    ),
    both("Empty session id, except to create one", invalid("key.session_id"), mendId, ({ api, key }) =>
      api.appendEvent({ key: { ...key, sessionId: "" }, event: newEvent() }),
    ),
    both("Session id without a user id", invalid("key.user_id"), mendId, ({ api, key }) =>
      api.listEvents({ key: { ...key, userId: "" } }),
    ),
    both(
      "A part of the key that the request does not want",
      invalid("key.session_id"),
      "Leave it empty.",
      ({ api, key }) => api.listSessions({ key }),
    ),
    both("App, user or session id of 192 characters", invalid("key.session_id"), mendId, ({ api, key }) =>
      api.createSession({ key: { ...key, sessionId: tooLong } }),
    ),
    both("U+0000 in an id", invalid("key.user_id"), mendId, ({ api, key }) =>
      api.createSession({ key: { ...key, userId: "a\u0000" } }),
    ),
    both("Event id of 192 characters", invalid("event.id"), mendId, ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ id: tooLong }) }),
    ),
    both("U+0000 in an event id", invalid("events[1].id"), mendId, ({ api, key }) =>
      api.batchAppendEvents({ key, events: [newEvent(), newEvent({ id: "\u0000" })] }),
    ),
    both(
      "The same event id twice in a batch",
      invalid("events[2].id"),
      "Give each event an id of its own.",
      ({ api, key }) =>
        api.batchAppendEvents({ key, events: [...newEvents(2, "x"), newEvent({ id: "x1" })] }),
    ),
    both("Owner id of 192 characters", invalid("owner_id"), "At most 191 characters.", ({ api, key }) =>
      api.updateSession({ key, ownerId: tooLong }),
    ),
    both("Request id of 192 characters", invalid("request_id"), "Send a UUID.", ({ api, key }) =>
      api.updateSession({ key, ownerId: "o", requestId: tooLong }),
    ),
    both("Display name of 1,025 bytes", invalid("display_name"), "Shorten it.", ({ api, key }) =>
      api.updateSession({ key, displayName: "x".repeat(1_025) }),
    ),
    both("U+0000 in a display name", invalid("display_name"), "Leave it out.", ({ api, key }) =>
      api.updateSession({ key, displayName: "a\u0000b" }),
    ),
    both("65 labels", invalid("labels"), "Keep to 64.", ({ api, key }) =>
      api.updateSession({ key, labels: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [at, ""])) }),
    ),
    both("Label with an empty key", invalid('labels["KEY"]'), "Name it.", ({ api, key }) =>
      api.updateSession({ key, labels: { "": "x" } }),
    ),
    both("Label key of 129 bytes", invalid('labels["KEY"]'), "Shorten it.", ({ api, key }) =>
      api.updateSession({ key, labels: { ["k".repeat(129)]: "x" } }),
    ),
    both("Label value of 257 bytes", invalid('labels["KEY"]'), "Shorten it.", ({ api, key }) =>
      api.updateSession({ key, labels: { k: "x".repeat(257) } }),
    ),
  ],
};
