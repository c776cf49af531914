import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type Event, EventSchema } from "../../gen/ts/sessiond/v1/event_pb.ts";
import { defaultLimits } from "../../src/config/limits.ts";
import { type Encodable, encode, eventDigest, requestMark } from "../../src/rpc/digest.ts";
import { checkEvent } from "../../src/rpc/validate/event.ts";
import { Violations } from "../../src/rpc/validate/violations.ts";
import { json } from "./support.ts";

type EventInit = MessageInitShape<typeof EventSchema>;

function digestOf(init: EventInit): string {
  const violations = new Violations();
  const event: Event = create(EventSchema, init);
  const checked = checkEvent(violations, "event", event, defaultLimits);
  violations.throwIfAny();
  return Buffer.from(eventDigest(event, checked)).toString("hex");
}

/** Every input field with its zero value where it has one: each change of one must show. */
const full = {
  id: "e1",
  invocationId: "",
  author: "",
  branch: "",
  timestamp: 0,
  partial: false,
  turnComplete: false,
  interrupted: false,
  errorCode: "",
  errorMessage: "",
  longRunningToolIds: { ids: [] },
  actions: json({}),
  stateDelta: { a: "1", b: "2" },
  removedStateKeys: ["c", "d"],
  content: "{}",
  groundingMetadata: "{}",
  customMetadata: "{}",
  extra: "{}",
} satisfies EventInit;

/** Other values of every field: absent where it can be, and near to it. */
const others: { readonly [K in keyof typeof full]: readonly EventInit[K][] } = {
  id: ["e2", ""],
  invocationId: [undefined, "i"],
  author: [undefined, "a"],
  branch: [undefined, "b"],
  timestamp: [undefined, -0, 5e-324, 1e300],
  partial: [undefined],
  turnComplete: [undefined, true],
  interrupted: [undefined, true],
  errorCode: [undefined, "e"],
  errorMessage: [undefined, "e"],
  longRunningToolIds: [undefined, { ids: [""] }, { ids: ["x"] }],
  actions: [new Uint8Array(), json({ a: 1 }), new TextEncoder().encode("{ }")],
  stateDelta: [{}, { a: "1" }, { a: "2", b: "2" }, { a: "1", b: "2", c2: "3" }, { a: "1.0", b: "2" }],
  removedStateKeys: [[], ["c"], ["c", "d", "e"], ["cd"]],
  content: ["", "{ }"],
  groundingMetadata: ["", "{ }"],
  customMetadata: ["", "{ }"],
  extra: ["", "{ }"],
};

describe("the digest of an event", () => {
  it("is the same for the same event, whatever the order of its delta and sets", () => {
    const event = { ...full, longRunningToolIds: { ids: ["x", "y"] } };
    const turned = {
      ...event,
      stateDelta: { b: "2", a: "1" },
      removedStateKeys: ["d", "c", "d"],
      longRunningToolIds: { ids: ["y", "x"] },
    };
    expect(digestOf(turned)).toBe(digestOf(event));
  });

  it("changes with every input field", () => {
    const inputs = EventSchema.fields.map((field) => field.localName);
    const ignored = ["writer", "seq", "revision", "createTime", "key"];
    expect(new Set(inputs)).toEqual(new Set([...Object.keys(others), ...ignored]));
  });

  it.each(Object.keys(others) as (keyof typeof full)[])("tells every value of %s apart", (field) => {
    const values = [full[field], ...others[field]];
    const digests = values.map((value) => digestOf({ ...full, [field]: value }));
    expect(new Set(digests).size).toBe(values.length);
  });

  it("leaves out the writer, output-only fields and temp: keys", () => {
    const same = {
      ...full,
      stateDelta: { ...full.stateDelta, "temp:x": "1" },
      removedStateKeys: [...full.removedStateKeys, "temp:y"],
      writer: { language: "go", adkVersion: "2" },
      seq: 7n,
      revision: 9n,
      createTime: { seconds: 1n },
      key: { appName: "x" },
    };
    expect(digestOf(same)).toBe(digestOf({ ...full }));
  });

  it("is not confused by texts that move between fields", () => {
    expect(digestOf({ ...full, invocationId: "ia" })).not.toBe(
      digestOf({ ...full, invocationId: "i", author: "a" }),
    );
    expect(digestOf({ ...full, removedStateKeys: ["s1:c"] })).not.toBe(
      digestOf({ ...full, removedStateKeys: ["c"] }),
    );
  });

  it("never changes: it is stored", () => {
    expect(digestOf({ ...full })).toBe("72a08d67f6ec58934d18c8d6b13c495bfda42e332e9a536ad2a82395fe514402");
  });
});

describe("encode", () => {
  it("gives different values different texts", () => {
    const values: Encodable[] = [
      undefined,
      null,
      true,
      false,
      0,
      -0,
      1,
      "",
      "0",
      "1",
      "-",
      [],
      [[]],
      [undefined],
      ["a", "b"],
      ["ab"],
      ["a:s1:b"],
      new Map(),
      new Map([["a", "b"]]),
      new Map([["a", undefined]]),
    ];
    expect(new Set(values.map(encode)).size).toBe(values.length);
  });

  it("does not heed the order of a map's keys", () => {
    expect(
      encode(
        new Map([
          ["b", 1],
          ["a", 2],
        ]),
      ),
    ).toBe(
      encode(
        new Map([
          ["a", 2],
          ["b", 1],
        ]),
      ),
    );
  });
});

describe("requestMark", () => {
  it("is absent without a request_id", () => {
    expect(requestMark("M", "", ["x"])).toBeUndefined();
  });

  it("has a digest of method and request, not of the id", () => {
    const digest = (method: string, id: string, part: string) =>
      Buffer.from(requestMark(method, id, [part])?.digest ?? []).toString("hex");
    expect(digest("M", "1", "x")).toBe(digest("M", "2", "x"));
    expect(digest("M", "1", "x")).not.toBe(digest("N", "1", "x"));
    expect(digest("M", "1", "x")).not.toBe(digest("M", "1", "y"));
  });
});
