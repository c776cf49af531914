import { newEvent } from "../harness/samples.ts";
import { both, type Group, invalid } from "./row.ts";

const mendJson = "Send each value as JSON text; a text is quoted.";
const manyKeys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, "1"]));

/** State of all scopes. */
export const state: Group = {
  title: "State",
  rows: [
    both("State key of 513 bytes", invalid('event.state_delta["KEY"]'), "Shorten it.", ({ api, key }) =>
      api.appendEvent({ key, event: newEvent({ stateDelta: { ["k".repeat(513)]: "1" } }) }),
    ),
    both("10,001 keys in one delta", invalid("state_delta"), "Split the change.", ({ api, key }) =>
      api.updateAppState({ key: { appName: key.appName }, stateDelta: manyKeys(10_001) }),
    ),
    both("10,001 keys at create", invalid("state"), "Create with fewer, add the rest.", ({ api, key }) =>
      api.createSession({ key: { ...key, sessionId: "" }, state: manyKeys(10_001) }),
    ),
    both("State value that is not JSON", invalid('state["KEY"]'), mendJson, ({ api, key }) =>
      api.createSession({ key: { ...key, sessionId: "" }, state: { topic: "billing" } }),
    ),
    both(
      "Empty text as a state value",
      invalid('state_delta["KEY"]'),
      'Send `null` or `""`.',
      ({ api, key }) => api.updateSession({ key, stateDelta: { k: "" } }),
    ),
    both("NaN as a state value", invalid('state_delta["KEY"]'), mendJson, ({ api, key }) =>
      api.updateUserState({ key: { appName: key.appName, userId: key.userId }, stateDelta: { k: "NaN" } }),
    ),
    both(
      "State value nested 201 levels deep",
      invalid('state_delta["KEY"]'),
      "Nest at most 200.",
      ({ api, key }) => api.updateSession({ key, stateDelta: { k: `${"[".repeat(201)}${"]".repeat(201)}` } }),
    ),
    both(
      "A key both set and removed",
      invalid("event.removed_state_keys[0]"),
      "Decide for one of the two.",
      ({ api, key }) =>
        api.appendEvent({ key, event: newEvent({ stateDelta: { k: "1" }, removedStateKeys: ["k"] }) }),
    ),
    both(
      "A key of shared state in a replacement of the session's own",
      invalid('state["KEY"]'),
      "Change shared state by `state_delta`, UpdateUserState or UpdateAppState.",
      ({ api, key }) => api.updateSession({ key, state: { "user:k": "1" } }),
    ),
    both(
      "A key with a prefix in an update of shared state",
      invalid('state_delta["KEY"]'),
      "Leave the prefix out: the method says whose state it is.",
      ({ api, key }) => api.updateAppState({ key: { appName: key.appName }, stateDelta: { "app:k": "1" } }),
    ),
    both("Filter of a list that is not JSON", invalid('state_equals["KEY"]'), mendJson, ({ api, key }) =>
      api.listSessions({ key: { appName: key.appName }, stateEquals: { k: "{" } }),
    ),
  ],
};
