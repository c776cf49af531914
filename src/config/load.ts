/** Reads settings from the command line and the environment. */
import { parseArgs } from "node:util";
import { type Config, checkConfig, configWith, flagOf, type KnobName, knobs, variableOf } from "../config.ts";
import type { Knob } from "./knob.ts";
import { didYouMean, UsageError } from "./usage.ts";

const names = Object.keys(knobs) as KnobName[];
const byFlag = new Map(names.map((name) => [flagOf(name), name]));
const byVariable = new Map(names.map((name) => [variableOf(name), name]));

/** Variables of the test suites, which share the prefix. */
const testVariable = /^SESSIOND_TEST_/;

/**
 * The settings that a command line and an environment ask for: a flag counts before
 * its variable, that before the default. An empty variable counts as not set.
 * @throws UsageError that names what is unknown, malformed or contradictory
 */
export function loadConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const texts = new Map<KnobName, { text: string; from: string }>();
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith("SESSIOND_") || testVariable.test(variable) || !text) continue;
    const name = byVariable.get(variable);
    if (name === undefined) {
      throw new UsageError(
        `unknown environment variable ${variable}${didYouMean(variable, [...byVariable.keys()])}; ` +
          "variables that begin with SESSIOND_ are settings",
      );
    }
    texts.set(name, { text, from: variable });
  }
  for (const { flag, name, text } of readFlags(args)) {
    const before = texts.get(name);
    const twice = before?.from.startsWith("--") ?? false;
    if (twice && !knobs[name].many)
      throw new UsageError(`${flag} contradicts an earlier ${before?.from}: give one`);
    texts.set(name, { text: twice ? `${before?.text},${text}` : text, from: flag });
  }
  const given = [...texts].map(([name, { text, from }]) => [
    name,
    parse(knobs[name] as Knob<unknown>, text, from),
  ]);
  const config = configWith(Object.fromEntries(given));
  checkConfig(config);
  return config;
}

function parse(knob: Knob<unknown>, text: string, from: string): unknown {
  try {
    return knob.parse(text);
  } catch (error) {
    const given = knob.secret ? "" : `, not ${JSON.stringify(text)}`;
    throw new UsageError(`${from} ${(error as Error).message}${given}`);
  }
}

interface Flag {
  readonly flag: string;
  readonly name: KnobName;
  readonly text: string;
}

function readFlags(args: readonly string[]): Flag[] {
  const options = Object.fromEntries(
    names.map((name) => [
      flagOf(name).slice(2),
      { type: isToggle(name) ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowNegative: true,
    allowPositionals: true,
  });
  return tokens.map((token) => {
    if (token.kind !== "option") {
      const stray = token.kind === "positional" ? token.value : "--";
      throw new UsageError(`unexpected argument ${JSON.stringify(stray)}: settings are written --name VALUE`);
    }
    const flag = token.rawName;
    const negative = flag.startsWith("--no-") ? byFlag.get(`--${flag.slice(5)}`) : undefined;
    if (negative !== undefined && isToggle(negative)) {
      if (token.inlineValue) throw new UsageError(`${flag} takes no value`);
      return { flag, name: negative, text: "false" };
    }
    const name = byFlag.get(flag);
    if (name === undefined) {
      throw new UsageError(
        `unknown flag ${flag}${didYouMean(flag, [...byFlag.keys()])}; see sessiond serve --help`,
      );
    }
    if (isToggle(name)) return { flag, name, text: token.value ?? "true" };
    if (token.value === undefined || (!token.inlineValue && token.value.startsWith("--"))) {
      throw new UsageError(`${flag} needs a value: ${flag} ${knobs[name].form}`);
    }
    return { flag, name, text: token.value };
  });
}

function isToggle(name: KnobName): boolean {
  return knobs[name].form === undefined;
}
