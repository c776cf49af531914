/** Flags of a single command, beside the settings. */
import { UsageError } from "../config/usage.ts";

/** What is left of a command line once a command has taken its own flags out. */
export interface Rest {
  readonly args: readonly string[];
}

/** Takes a flag without a value out. */
export function takeSwitch(flag: string, { args }: Rest): Rest & { readonly given: boolean } {
  return { given: args.includes(flag), args: args.filter((arg) => arg !== flag) };
}

/**
 * Takes a flag and its value out, written `--flag VALUE` or `--flag=VALUE`.
 * @throws UsageError if it comes twice or has no value
 */
export function takeValue(
  flag: string,
  form: string,
  { args }: Rest,
): Rest & { readonly value: string | undefined } {
  const left: string[] = [];
  let value: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    const inline = arg.startsWith(`${flag}=`);
    if (arg !== flag && !inline) {
      left.push(arg);
      continue;
    }
    if (value !== undefined) throw new UsageError(`${flag} is given twice`);
    value = inline ? arg.slice(flag.length + 1) : args[++at];
    if (value === undefined || value === "" || (!inline && value.startsWith("--"))) {
      throw new UsageError(`${flag} needs a value: ${flag} ${form}`);
    }
  }
  return { value, args: left };
}
