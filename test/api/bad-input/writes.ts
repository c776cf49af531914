import { newEvent } from "../harness/samples.ts";
import { both, type Group, invalid } from "./row.ts";

const stale = {
  code: "ABORTED",
  reason: "STALE_SESSION",
  metadata: ["actual_uid", "actual_revision", "head_seq"],
};
const readAgain = "Read the session again; redo the work if it still makes sense.";
const newRequestId = "Use a new id for every new request.";
const requestIdConflict = { code: "INVALID_ARGUMENT", reason: "REQUEST_ID_CONFLICT" };

/** What writes expect, name and repeat. */
export const writes: Group = {
  title: "Writes: expectations, masks, retries",
  rows: [
    both("Revision that is old", stale, readAgain, ({ api, key, uid }) =>
      api.appendEvent({ key, event: newEvent(), sessionUid: uid, expectedRevision: 3n }),
    ),
    both("A deleted namesake's uid and revision", stale, readAgain, async ({ api, key, uid }) => {
      await api.deleteSession({ key });
      await api.createSession({ key });
      return api.updateSession({ key, ownerId: "o", sessionUid: uid, expectedRevision: 1n });
    }),
    both("Delete of a session that is not as expected", stale, readAgain, ({ api, key, uid }) =>
      api.deleteSession({ key, sessionUid: uid, expectedRevision: 1n }),
    ),
    both(
      "Expected revision without the uid",
      invalid("session_uid"),
      "Send both: another session may have had the key.",
      ({ api, key }) => api.appendEvent({ key, event: newEvent(), expectedRevision: 4n }),
    ),
    both(
      "Negative revision",
      invalid("expected_revision"),
      "Send the one that was read.",
      ({ api, key, uid }) => api.deleteSession({ key, sessionUid: uid, expectedRevision: -1n }),
    ),
    both(
      "Creating a missing session at an expected revision",
      invalid("create_session"),
      "Expect nothing of a session that may not be there.",
      ({ api, key, uid }) =>
        api.appendEvent({
          key,
          event: newEvent(),
          createSession: true,
          sessionUid: uid,
          expectedRevision: 4n,
        }),
    ),
    both("Unknown path in the mask", invalid("update_mask"), "Name fields of the request.", ({ api, key }) =>
      api.updateSession({ key, updateMask: { paths: ["owner_id", "create_time"] } }),
    ),
    both(
      "`state` and `state_delta` in one update",
      invalid("update_mask"),
      "Replace the state or merge into it.",
      ({ api, key }) => api.updateSession({ key, state: { a: "1" }, stateDelta: { b: "1" } }),
    ),
    both("Update that changes nothing", invalid("update_mask"), "Name what to clear.", ({ api, key }) =>
      api.updateSession({ key }),
    ),
    both(
      "Create of a session that is there",
      { code: "ALREADY_EXISTS", reason: "SESSION_ALREADY_EXISTS" },
      "Use it, or another id.",
      ({ api, key }) => api.createSession({ key }),
    ),
    both(
      "Append to a session that is not there",
      { code: "NOT_FOUND", reason: "SESSION_NOT_FOUND" },
      "Create it, or set `create_session`.",
      ({ api, key }) => api.appendEvent({ key: { ...key, sessionId: "S1" }, event: newEvent() }),
    ),
    both("Request id of another create", requestIdConflict, newRequestId, async ({ api, key }) => {
      const request = { key: { ...key, sessionId: "" }, requestId: "r" };
      await api.createSession(request);
      return api.createSession({ ...request, displayName: "other" });
    }),
    both("Request id of another method", requestIdConflict, newRequestId, async ({ api, key }) => {
      await api.updateSession({ key, ownerId: "o", requestId: "r" });
      return api.createSession({ key: { ...key, sessionId: "" }, requestId: "r" });
    }),
  ],
};
