/** Sessions as a person reads them in a terminal. */
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Session, SessionKey } from "../../clients/typescript/src/index.ts";
import { type Style, safe } from "./conversation-text.ts";

/** One line about a session, which ends with a line break. */
export function sessionLine(session: Session, style: Style): string {
  const { key, displayName, eventCount, ownerId, updateTime } = session;
  const facts = [
    style("dim", updateTime === undefined ? "" : timestampDate(updateTime).toISOString()),
    style("bold", nameText(key)),
    ...(displayName === "" ? [] : [safe(JSON.stringify(displayName))]),
    `${eventCount} ${eventCount === 1n ? "event" : "events"}`,
    ...(ownerId === "" ? [] : [`owner ${safe(ownerId)}`]),
    ...labelTexts(session),
  ];
  return `${facts.join("  ").replaceAll("\n", " ")}\n`;
}

/** Everything about a session, its state too. */
export function sessionText(session: Session, style: Style): string {
  const { uid, revision, headSeq, firstSeq, eventBytes, createTime, state } = session;
  const facts = [
    `uid ${safe(uid)}, revision ${revision}`,
    `events ${firstSeq} to ${headSeq}, ${eventBytes} bytes`,
    ...(createTime === undefined ? [] : [`made ${timestampDate(createTime).toISOString()}`]),
    ...Object.entries(state).map(([name, value]) => style("dim", `state: ${safe(`${name} = ${value}`)}`)),
  ];
  return sessionLine(session, style) + facts.map((fact) => `  ${fact.replaceAll("\n", "\n    ")}\n`).join("");
}

/** A session's user and id; in quotes where a space would blur them. */
export function nameText(key: SessionKey | undefined): string {
  return [key?.userId ?? "", key?.sessionId ?? ""]
    .map((id) => safe(/^[\w.@:-]+$/.test(id) ? id : JSON.stringify(id)))
    .join(" / ");
}

function labelTexts({ labels }: Session): string[] {
  return Object.entries(labels).map(([name, value]) => safe(`${name}=${value}`));
}
