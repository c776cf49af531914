/** What a group of creates does, without a database. */
import { describe, expect, test } from "vitest";
import { keyText } from "../../../src/store/append-plan.ts";
import { type CreateFacts, markText, planCreates } from "../../../src/store/create-plan.ts";
import { StoreError } from "../../../src/store/errors.ts";
import { createInput, keyOf, mark } from "../../store/build.ts";

const nothing: CreateFacts = { uids: new Map(), answers: new Map(), refuseOwner: undefined };
const kept = (body: string) => ({ digest: mark("r", body).digest, response: "{}", response_state: "{}" });

function kinds(group: Parameters<typeof planCreates>[0], facts: Partial<CreateFacts> = {}): unknown[] {
  return planCreates(group, { ...nothing, ...facts }).map((step) =>
    step.kind === "refuse" ? step.error.reason : step.kind === "same" ? step.at : step.kind,
  );
}

describe("planCreates", () => {
  test("makes what is not there, once for a key", () => {
    const [a, b] = [createInput(keyOf("app", "a")), createInput(keyOf("app", "b"))];
    expect(kinds([a, b, a])).toEqual(["make", "make", "SESSION_ALREADY_EXISTS"]);
  });

  test("knows its own session by the uid", () => {
    const a = createInput(keyOf("app", "a"), { uid: "mine" });
    const there = (uid: string) => ({ uids: new Map([[keyText(a.key), uid]]) });
    expect(kinds([a], there("mine"))).toEqual(["read"]);
    expect(kinds([a], there("another"))).toEqual(["SESSION_ALREADY_EXISTS"]);
  });

  test("repeats a kept answer, whether or not the session is there", () => {
    const a = createInput(keyOf("app", "a"), { request: mark("r", "one") });
    const answers = new Map([[markText("app", "u", "r"), kept("one")]]);
    expect(kinds([a, a], { answers })).toEqual(["repeat", "repeat"]);
    expect(kinds([a], { answers, uids: new Map([[keyText(a.key), "x"]]) })).toEqual(["repeat"]);
    expect(kinds([{ ...a, request: mark("r", "two") }], { answers })).toEqual(["REQUEST_ID_CONFLICT"]);
  });

  test("a mark counts within app and user", () => {
    const request = mark("r", "one");
    const group = [
      createInput(keyOf("app", "a", "u"), { request }),
      createInput(keyOf("app", "b", "v"), { request }),
      createInput(keyOf("other", "c", "u"), { request }),
      createInput(keyOf("app", "d", "u"), { request }),
      createInput(keyOf("app", "e", "u"), { request: mark("r", "two") }),
    ];
    expect(kinds(group)).toEqual(["make", "make", "make", 0, "REQUEST_ID_CONFLICT"]);
  });

  test("a refused owner takes neither the key nor the mark", () => {
    const refuseOwner = (ownerId: string) =>
      ownerId === "bad" ? new StoreError("INVALID_OWNER", "must be known") : undefined;
    const group = [
      createInput(keyOf("app", "a"), { ownerId: "bad", request: mark("r", "one") }),
      createInput(keyOf("app", "a"), { request: mark("r", "two") }),
    ];
    expect(kinds(group, { refuseOwner })).toEqual(["INVALID_OWNER", "make"]);
  });
});
