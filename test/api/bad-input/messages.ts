import type { Attempt, BadInput, Group } from "./row.ts";
import { malformed, tooLarge } from "./row.ts";

const protobuf = "application/proto";
const json = "application/json";

/** A field that holds more bytes than follow. */
const truncated = Uint8Array.of(0x0a, 0x7f, 0x0a);

/** A GetSessionRequest whose app name has a byte that is no UTF-8. */
const notUtf8 = Uint8Array.of(0x0a, 0x03, 0x0a, 0x01, 0xff);

function overHttp(what: string, answer: BadInput["answer"], action: string, http: Attempt): BadInput {
  return { what, answer, action, attempts: { http } };
}

/** Messages that no proper client sends. */
export const messages: Group = {
  title: "Messages",
  rows: [
    {
      what: "Malformed protobuf",
      answer: malformed,
      action: "Mend the encoder.",
      attempts: {
        grpc: ({ grpc }) => grpc("GetSession", truncated),
        http: ({ http }) => http("GetSession", protobuf, truncated),
      },
    },
    {
      what: "Text that is not UTF-8 in protobuf",
      answer: malformed,
      action: "Encode texts as UTF-8.",
      attempts: {
        grpc: ({ grpc }) => grpc("GetSession", notUtf8),
        http: ({ http }) => http("GetSession", protobuf, notUtf8),
      },
    },
    overHttp("Malformed JSON", malformed, "Mend the encoder.", ({ http }) =>
      http("GetSession", json, '{"key": {"appName": "a",}}'),
    ),
    overHttp("Text that is not UTF-8 in JSON", malformed, "Encode JSON as UTF-8.", ({ http }) =>
      http("GetSession", json, Buffer.concat([Buffer.from('{"sessionUid":"'), notUtf8, Buffer.from('"}')])),
    ),
    overHttp(
      "JSON field that the contract does not have",
      malformed,
      "Mend the name; 64-bit numbers and enums have their protobuf JSON form.",
      ({ http, key }) => http("GetSession", json, JSON.stringify({ key, asOfSequence: "1" })),
    ),
    overHttp("JSON value of the wrong type", malformed, "See the API reference.", ({ http, key }) =>
      http("ListSessions", json, JSON.stringify({ key: { appName: key.appName }, pageSize: "many" })),
    ),
    overHttp(
      "Enum value that the contract does not have, by name",
      malformed,
      "See the API reference.",
      ({ http, key }) =>
        http(
          "ListSessions",
          json,
          JSON.stringify({ key: { appName: key.appName }, order: "SESSION_ORDER_BEST" }),
        ),
    ),
    overHttp(
      "Lone surrogate in an id",
      malformed,
      "It has no UTF-8 form: send another id.",
      ({ http, key }) =>
        http(
          "GetSession",
          json,
          `{"key":{"appName":"a","userId":"\\ud800","sessionId":"s"}}`.replace(
            '"a"',
            JSON.stringify(key.appName),
          ),
        ),
    ),
    overHttp(
      "Raw lone surrogate in JSON text",
      malformed,
      "Escape it twice, so that the stored text has the escape: `\\\\ud800`.",
      ({ http, key }) =>
        http(
          "CreateSession",
          json,
          `{"key":${JSON.stringify({ ...key, sessionId: "" })},"state":{"k":"\\"\\ud800\\""}}`,
        ),
    ),
    overHttp("JSON of more than 17 MiB", tooLarge, "Send less.", ({ http }) =>
      http("GetSession", json, `{"sessionUid":"${"x".repeat(18 * 1024 * 1024)}"}`),
    ),
    {
      what: "Method that does not exist",
      answer: { code: "UNIMPLEMENTED", reason: "UNIMPLEMENTED" },
      action: "See the API reference; a newer method needs a newer server.",
      attempts: { grpc: ({ grpc }) => grpc("ForkSession", new Uint8Array()) },
    },
    overHttp("Method that does not exist", { http: 404 }, "See the API reference.", ({ http }) =>
      http("ForkSession", json, "{}"),
    ),
    overHttp(
      "Content type that the server does not speak",
      { http: 415 },
      "Send JSON or protobuf.",
      ({ http }) => http("GetSession", "text/plain", "{}"),
    ),
  ],
};
