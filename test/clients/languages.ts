/** The languages that have an ADK and a client. */
export type Language = "python" | "go" | "java" | "typescript";

/** All of them, in the order of the tables. */
export const languages: readonly Language[] = ["python", "go", "java", "typescript"];
