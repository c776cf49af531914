/** 10,000 sessions made at once by one client (SESSIOND_TEST_FULL=1): all land, none is refused. */
import { describe, expect, test } from "vitest";
import { newKey, present, storeNames, useServer } from "../api/harness.ts";
import { report, createBurst as sessions, sizeTimeout, timed } from "./sizes.ts";

describe.each(storeNames)("%s", (store) => {
  const subject = useServer(store);

  test(`${sessions} sessions of a new app, all created at once`, { timeout: sizeTimeout }, async () => {
    const api = subject.client("grpc-js");
    const { appName } = newKey();
    const { value: made, ms } = await timed(() =>
      Promise.all(
        Array.from({ length: sessions }, (_, at) =>
          api.createSession(
            {
              key: { appName, userId: `u${at % 50}` },
              state: { own: String(at), "app:first": "1", [`user:of-${at % 50}`]: "1" },
              requestId: `r${at}`,
            },
            { timeoutMs: sizeTimeout },
          ),
        ),
      ),
    );
    report(`${store}: ${sessions} creates at once`, { "a second": Math.round((sessions * 1_000) / ms) });
    for (const [at, { session }] of made.entries()) {
      expect(session?.state).toEqual({ own: String(at), "app:first": "1", [`user:of-${at % 50}`]: "1" });
    }
    const ids = new Set(made.map(({ session }) => present(session?.key).sessionId));
    expect(ids.size).toBe(sessions);
    let listed = 0;
    for (let pageToken = ""; ; ) {
      const page = await api.listSessions({ key: { appName }, pageSize: 1_000, pageToken });
      listed += page.sessions.length;
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(listed).toBe(sessions);
  });
});
