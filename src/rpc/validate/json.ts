/** Checks of JSON text that is stored as it is. */
import { checkJson, type JsonProblem } from "../../json/check.ts";
import type { Violations } from "./violations.ts";

/** One JSON value of any kind. */
export function checkJsonValue(violations: Violations, field: string, text: string, maxDepth: number): void {
  const checked = checkJson(text, maxDepth);
  if (!checked.ok) violations.add(field, describe(checked.problem, maxDepth));
}

/** A JSON object or array, or the empty text for none. */
export function checkJsonCollection(
  violations: Violations,
  field: string,
  text: string,
  maxDepth: number,
): void {
  if (text === "") return;
  const checked = checkJson(text, maxDepth);
  if (!checked.ok) violations.add(field, describe(checked.problem, maxDepth));
  else if (typeof checked.value !== "object" || checked.value === null) {
    violations.add(field, "is JSON but neither an object nor an array");
  }
}

/** One JSON object, or the empty text for none. Gives the object if it is one. */
export function checkJsonObject(
  violations: Violations,
  field: string,
  text: string,
  maxDepth: number,
): Readonly<Record<string, unknown>> | undefined {
  if (text === "") return undefined;
  const checked = checkJson(text, maxDepth);
  if (!checked.ok) {
    violations.add(field, describe(checked.problem, maxDepth));
    return undefined;
  }
  if (typeof checked.value === "object" && checked.value !== null && !Array.isArray(checked.value)) {
    return checked.value as Readonly<Record<string, unknown>>;
  }
  violations.add(field, "is JSON but not an object");
  return undefined;
}

function describe(problem: JsonProblem, maxDepth: number): string {
  switch (problem) {
    case "lone surrogate":
      return "has a lone surrogate; write it as an escape such as \\ud800";
    case "too deep":
      return `is nested more than ${maxDepth} levels deep`;
    case "syntax":
      return "is not valid JSON, which has no NaN, Infinity or comments";
  }
}
