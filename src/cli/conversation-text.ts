/** Events and changes as a person reads them in a terminal. */
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ChangedFrame, Event } from "../../clients/typescript/src/index.ts";

/** Puts a text into a style of the terminal, or leaves it as it is. */
export type Style = (style: "dim" | "bold" | "red" | "cyan", text: string) => string;

/** For a terminal. */
export const coloured: Style = (style, text) => `\u001b[${codes[style]}m${text}\u001b[0m`;
/** For anything else. */
export const plain: Style = (_, text) => text;

const codes = { dim: 2, bold: 1, red: 31, cyan: 36 } as const;

/** What a payload shows at most; `--json` has all of it. */
const MAX_SHOWN = 2_000;

/** An event: a line about it, then what it says, indented. Ends with a line break. */
export function eventText(event: Event, style: Style): string {
  const seconds = event.timestamp ?? 0;
  const time = new Date(seconds * 1000);
  // A writer's timestamp may be beyond what a date can show.
  const when = Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString();
  const head = [
    style("dim", `#${event.seq} ${when}`),
    style("bold", safe(event.author || "(no author)")),
    ...(event.branch ? [style("dim", `(${safe(event.branch)})`)] : []),
    ...(event.partial ? [style("dim", "partial")] : []),
    ...(event.interrupted ? [style("red", "interrupted")] : []),
  ];
  const lines = [...partLines(event.content, style), ...deltaLines(event, style)];
  if (event.errorCode || event.errorMessage) {
    lines.push(style("red", safe(`error ${event.errorCode ?? ""} ${event.errorMessage ?? ""}`)));
  }
  return [head.join(" "), ...lines.map(indented), ""].join("\n");
}

/** A change without an event. Ends with a line break. */
export function changeText(change: ChangedFrame, style: Style): string {
  const what = change.changed?.paths.join(", ") ?? "";
  const when = change.createTime === undefined ? "" : ` ${timestampDate(change.createTime).toISOString()}`;
  const head = style("dim", `~${change.afterSeq}${when} changed ${safe(what)}`);
  return [head, ...deltaLines(change, style).map(indented), ""].join("\n");
}

/** A text that cannot act on a terminal: controls but line breaks and tabs are escaped, and it is cut where it is long. */
export function safe(text: string): string {
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
  return cut.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) =>
    [...found].map((one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`).join(""),
  );
}

function indented(text: string): string {
  return `  ${text.replaceAll("\n", "\n  ")}`;
}

function partLines(content: string, style: Style): string[] {
  if (content === "") return [];
  try {
    const { parts } = JSON.parse(content) as { parts?: unknown };
    if (Array.isArray(parts)) return parts.map((part) => partText(part, style));
  } catch {
    // Stored content is JSON; whatever it is, it is shown.
  }
  return [safe(content)];
}

/** A part of what ADK calls content; one of a kind that is not known as JSON. */
function partText(part: unknown, style: Style): string {
  if (typeof part !== "object" || part === null) return safe(JSON.stringify(part));
  const { text, thought, functionCall, functionResponse, inlineData, fileData } = part as Record<
    string,
    unknown
  >;
  if (typeof text === "string") return thought === true ? style("dim", safe(text)) : safe(text);
  if (isObject(functionCall)) {
    return style(
      "cyan",
      `→ ${safe(`${functionCall["name"]}(${JSON.stringify(functionCall["args"] ?? {})})`)}`,
    );
  }
  if (isObject(functionResponse)) {
    const { name, response } = functionResponse;
    return style("cyan", `← ${safe(`${name}: ${JSON.stringify(response)}`)}`);
  }
  if (isObject(inlineData)) {
    const { mimeType, data } = inlineData;
    return `[${safe(String(mimeType))}, ${Math.floor((String(data ?? "").length * 3) / 4)} bytes]`;
  }
  if (isObject(fileData))
    return `[${safe(String(fileData["mimeType"]))}, ${safe(String(fileData["fileUri"]))}]`;
  return safe(JSON.stringify(part));
}

function deltaLines(
  { stateDelta, removedStateKeys }: Pick<ChangedFrame, "stateDelta" | "removedStateKeys">,
  style: Style,
): string[] {
  const set = Object.entries(stateDelta).map(([key, value]) => `${key} = ${value}`);
  const removed = removedStateKeys.map((key) => `${key} removed`);
  return [...set, ...removed].map((line) => style("dim", `state: ${safe(line)}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
