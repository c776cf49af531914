/** Each row of the table of bad input, over both doors, and that nothing came of it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { badInput } from "./bad-input/index.ts";
import type { Answer, Attempt } from "./bad-input/row.ts";
import { failureOf, newEvents, newKey, type RawGrpc, rawGrpc, rawHttp, useServer } from "./harness.ts";

describe.each(badInput)("$title", ({ rows }) => {
  const subject = useServer("sqlite");
  let grpc: RawGrpc & { close(): void };
  beforeAll(() => {
    grpc = rawGrpc(subject.server.grpcAddress);
  });
  afterAll(() => grpc.close());

  const attempts = rows.flatMap((row) =>
    (["grpc", "http"] as const).flatMap((door) => {
      const attempt = row.attempts[door];
      return attempt ? [{ what: row.what, answer: row.answer, door, attempt }] : [];
    }),
  );

  test.each(attempts)("$what, over $door", async ({ answer, door, attempt }) => {
    const api = subject.client(door === "grpc" ? "grpc-js" : "connect-web JSON");
    const key = newKey();
    const request = { key, events: newEvents(3), createSession: true };
    const { sessionUid: uid } = await api.batchAppendEvents(request);
    const http = rawHttp(subject.server.httpUrl);
    expect(await outcomeOf(attempt, { key, uid, api, grpc, http })).toEqual(expected(answer));
    // Three events, or none where the row itself makes the session anew.
    const { session } = await api.getSession({ key });
    expect(session?.headSeq).toBeOneOf([0n, 3n]);
    expect(session).toMatchObject({ displayName: "", state: {} });
  });

  test("left the server as it was", async () => {
    expect(subject.server.output()).not.toContain("INTERNAL");
  });
});

async function outcomeOf(attempt: Attempt, target: Parameters<Attempt>[0]): Promise<unknown> {
  const made = attempt(target);
  const settled = await Promise.allSettled([Symbol.asyncIterator in made ? failureOf(made) : made]);
  const [outcome] = settled;
  if (outcome.status === "fulfilled") return outcome.value;
  return failureOf(Promise.reject(outcome.reason));
}

function expected(answer: Answer): unknown {
  if ("http" in answer) return answer;
  const { code, reason, field, metadata = [] } = answer;
  return {
    code,
    reason,
    domain: "sessiond.dev",
    fields: field === undefined ? [] : [expect.stringMatching(pattern(field))],
    metadata: Object.fromEntries(metadata.map((name) => [name, expect.stringMatching(/./)])),
    retryMs: undefined,
    message: expect.stringMatching(/./),
  };
}

/** A field's path with KEY for the text of a key. */
function pattern(field: string): RegExp {
  const parts = field.split("KEY").map((part) => part.replaceAll(/[[\]"._]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
