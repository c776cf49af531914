import { isObject, type Json, JsonNumber } from "./json.ts";

/** JSON text of a value, numbers as they were written. */
export function writeJson(value: Json): string {
  if (value instanceof JsonNumber) return value.source;
  if (Array.isArray(value)) return `[${(value as Json[]).map(writeJson).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${writeJson(member)}`);
  return `{${members.join(",")}}`;
}
