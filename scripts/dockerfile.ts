/** Reads the Dockerfile and .dockerignore, for what checks them where no Docker daemon is. */
import { DockerfileParser, type ModifiableInstruction } from "dockerfile-ast";

/** One instruction: `COPY --from=build /app/dist dist`. */
export interface Instruction {
  /** In upper case. */
  readonly keyword: string;
  /** Those that begin with `--`, as they stand there. */
  readonly flags: readonly string[];
  /** What follows them, continuation lines joined. */
  readonly text: string;
}

/** What one FROM begins. */
export interface Stage {
  readonly name: string | undefined;
  /** The base image with its tag. */
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile in their order. */
export function readDockerfile(text: string): Stage[] {
  const stages: { name: string | undefined; base: string; instructions: Instruction[] }[] = [];
  for (const parsed of DockerfileParser.parse(text).getInstructions()) {
    const keyword = parsed.getKeyword();
    // Only instructions that can have flags have the method.
    const flags = "getFlags" in parsed ? (parsed as ModifiableInstruction).getFlags().map(String) : [];
    const text = (parsed.getArgumentsContent() ?? "").split(/\s+/).join(" ");
    if (keyword === "FROM") {
      const [base = "", as, name] = text.split(" ");
      stages.push({ base, name: as?.toLowerCase() === "as" ? name : undefined, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ keyword, flags, text });
    }
  }
  return stages;
}

/** The instructions of a stage with a keyword. */
export function instructionsOf(stage: Stage, keyword: string): readonly Instruction[] {
  return stage.instructions.filter((instruction) => instruction.keyword === keyword);
}

/** The variables that a stage sets. Values must have neither quotes nor spaces. */
export function environmentOf(stage: Stage): Map<string, string> {
  const pairs = instructionsOf(stage, "ENV").flatMap(({ text }) => text.split(" "));
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

/** The command of an instruction in its exec form: `["node", "main.js"]`. */
export function execForm(instruction: Instruction | undefined): string[] {
  if (instruction === undefined) throw new Error("the instruction is missing");
  return JSON.parse(instruction.text.replace(/^CMD /, "")) as string[];
}

/** Whether a path of the context goes to the builder: of the rules that match it or a folder above, the last counts. */
export function contextFilter(ignoreFile: string): (path: string) => boolean {
  const rules = ignoreFile
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ keep: line.startsWith("!"), pattern: globPattern(line.replace(/^!?\/?/, "")) }));
  return (path) => {
    const parts = path.split("/");
    const above = parts.map((_, at) => parts.slice(0, at + 1).join("/"));
    const last = rules.findLast(({ pattern }) => above.some((part) => pattern.test(part)));
    return last?.keep ?? true;
  };
}

/** Docker's patterns: unlike a shell's, `*` and `**` match names that begin with a dot. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/?|[*?.+^${}()|[\]\\]/g, (found) => {
    if (found === "**/") return "(?:.*/)?";
    if (found === "**") return ".*";
    if (found === "*") return "[^/]*";
    return found === "?" ? "[^/]" : `\\${found}`;
  });
  return new RegExp(`^${source}$`);
}
