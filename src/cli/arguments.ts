import { writeFile } from "node:fs/promises";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { leftOutWords } from "../protocol/figures.js";

/** Wrong use: exit status 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options of every command. */
const COMMON = { workspace: { type: "string" } } as const satisfies Options;

type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O & typeof COMMON }>>["values"];
export interface Arguments<O extends Options> {
  values: Values<O>;
  /** As many as `words` asked for. */
  words: string[];
  /** `true`: print to standard output; a string: write into this file; undefined: not asked for. */
  json: string | true | undefined;
}

/**
 * Reads a command's arguments: its options and exactly the named `words`. `--json` may be followed by a FILE, which
 * `parseArgs` cannot express: the word after it is the file unless the command would then lack one of its words. A last
 * name that ends in "…" stands for one word or more; then the file of `--json` is the very last word.
 */
export function readArguments<const O extends Options>(
  args: readonly string[],
  options: O,
  names: readonly string[] = [],
): Arguments<O> {
  const rest: string[] = [];
  let json: string | true | undefined;
  let after = -1;
  for (const word of args) {
    if (word === "--json") {
      json = true;
      after = rest.length;
    } else if (word.startsWith("--json=")) json = word.slice("--json=".length);
    else rest.push(word);
  }
  const candidate = rest[after];
  const open = names.at(-1)?.endsWith("…") === true;
  if (json === true && candidate !== undefined && !candidate.startsWith("-")) {
    const without = rest.toSpliced(after, 1);
    const last = !open || parse(rest.slice(after + 1), options).positionals.length === 0;
    if (last && parse(without, options).positionals.length >= names.length) {
      json = candidate;
      rest.splice(after, 1);
    }
  }
  const { values, positionals } = parse(rest, options);
  if (positionals.length < names.length) {
    throw new UsageError(`${names.slice(positionals.length).join(" and ").replace("…", "")} missing.`);
  }
  if (positionals.length > names.length && !open) {
    throw new UsageError(`"${positionals[names.length]}" is one word too many.`);
  }
  return { values, words: positionals, json };
}

function parse<const O extends Options>(
  args: string[],
  options: O,
): { values: Values<O>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...COMMON, ...options },
      allowPositionals: true,
    });
    return { values: values as Values<O>, positionals };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A number within bounds, or the default where the option is not given. */
export function number(
  name: string,
  value: string | undefined,
  fallback: number,
  { min = 0, max = Number.POSITIVE_INFINITY, whole = false } = {},
): number {
  if (value === undefined) return fallback;
  const got = Number(value);
  const wrong = value.trim() === "" || !Number.isFinite(got) || got < min || got > max;
  if (wrong || (whole && !Number.isInteger(got))) {
    const bounds = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `from ${min} to ${max}`;
    throw new UsageError(`--${name} is "${value}"; it must be a ${whole ? "whole " : ""}number ${bounds}.`);
  }
  return got;
}

/** A figure's footnote: bad problems are in none of them. */
export function tellLeftOut(badProblems: number): void {
  if (badProblems === 0) return;
  console.log(leftOutWords(badProblems));
}

/** Hands a command's answer to machines, where they asked for it. True when standard output is theirs. */
export async function answer(json: string | true | undefined, value: unknown): Promise<boolean> {
  if (json === undefined) return false;
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (json === true) process.stdout.write(text);
  else await writeFile(json, text);
  return json === true;
}
