/** Bytes in an event that ADK has as base64 text. */
import type { Event } from "@google/adk";

/**
 * Puts the bytes of an event's content and grounding into the standard alphabet, which models and ADK's own code want. Writers of
 * this project send nothing else, but what a program with plain stubs or an importer stored may be url-safe.
 */
export function standardBase64(event: Event): void {
  const content: unknown = event.content;
  if (isObject(content)) mendParts(content["parts"]);
  const grounding: unknown = event.groundingMetadata;
  if (isObject(grounding) && isObject(grounding["searchEntryPoint"]))
    mend(grounding["searchEntryPoint"], "sdkBlob");
}

function mendParts(parts: unknown): void {
  if (!Array.isArray(parts)) return;
  for (const part of parts) {
    if (!isObject(part)) continue;
    mend(part, "thoughtSignature");
    if (isObject(part["inlineData"])) mend(part["inlineData"], "data");
    if (isObject(part["functionResponse"])) mendParts(part["functionResponse"]["parts"]);
  }
}

function mend(holder: Record<string, unknown>, field: string): void {
  const value = holder[field];
  if (typeof value === "string" && /[-_]/.test(value)) {
    holder[field] = value.replaceAll("-", "+").replaceAll("_", "/");
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
