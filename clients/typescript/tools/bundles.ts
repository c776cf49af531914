/** Bundles the installed package for browsers, and looks at what came along. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

/**
 * What belongs to Node must not be in a bundle, and what is not used must go.
 * @throws Error that says which does not hold
 */
export async function bundles(project: string): Promise<void> {
  const whole = await bundle(
    project,
    'import { tail, watch } from "sessiond-client"; import { connect } from "sessiond-client/web"; export { connect, tail, watch };',
  );
  for (const wanted of ["nothing came for", "streamEvents"]) {
    if (!whole.includes(wanted)) throw new Error(`the bundle of tails lacks ${JSON.stringify(wanted)}`);
  }
  for (const foreign of ["node:", "http2", "grpc.service_config", "@google/adk", "better-sqlite3"]) {
    if (whole.includes(foreign))
      throw new Error(`the bundle for browsers has ${JSON.stringify(foreign)} in it`);
  }
  const little = await bundle(project, 'export { ErrorReason } from "sessiond-client";');
  if (little.includes("nothing came for"))
    throw new Error("the tail helper is in a bundle that does not use it");
}

async function bundle(project: string, source: string): Promise<string> {
  const entry = join(project, "entry.js");
  writeFileSync(entry, source);
  const made = await build({
    root: project,
    logLevel: "error",
    configFile: false,
    build: { write: false, minify: false, lib: { entry, formats: ["es"] } },
  });
  const [output] = Array.isArray(made) ? made : [made];
  if (output === undefined || !("output" in output)) throw new Error("vite gave no bundle");
  return output.output.map((file) => (file.type === "chunk" ? file.code : "")).join("\n");
}
