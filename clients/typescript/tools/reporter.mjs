/** A reporter of node:test: one line of JSON for each test, which every version of Node writes alike. */

/** @param {AsyncIterable<{ type: string, data: any }>} source */
export default async function* report(source) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === "test:start") {
      names.length = data.nesting;
      names.push(data.name);
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { error, duration_ms: ms } = data.details;
    // A suite counts only where something in it failed that is no test: a hook, or the suite's own function.
    const isSuite = data.details.type === "suite";
    if (isSuite && (type === "test:pass" || error?.failureType === "subtestsFailed")) continue;
    const name = [...names.slice(0, data.nesting), data.name].join(" > ");
    const failure =
      type === "test:fail" ? String(error?.cause?.stack ?? error?.message ?? "failed") : undefined;
    yield `${JSON.stringify({ name, file: data.file, ms, failure, skipped: data.skip !== undefined })}\n`;
  }
}
