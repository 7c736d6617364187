import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What we tell the trainer beside the recipe: `launch.json`. Paths are absolute. */
export interface Launch {
  run: string;
  /** Of this run alone, wherever its files lie: ids are counted anew in every workspace. */
  uuid: string;
  /** Id of the model it starts from. */
  model: string;
  /** Its Hugging Face folder. */
  trainable: string;
  /** Command line of the grader server (JSON lines); run with ELECTRON_RUN_AS_NODE=1. */
  grader: string[];
  threads: number;
  schema: string;
  /** Prompt family, for the model that comes out. */
  prompts: string | null;
  /** Step of the checkpoint to go on from; null for a new run. */
  resume_from: number | null;
}

/** `process.json`: the trainer as we started it; it counts until the first heartbeat. */
export interface Spawned {
  pid: number;
  /** When we started it; earlier heartbeats and ends belong to the time before. Seconds since the epoch. */
  time: number;
  /** Start time of the process as the system tells it, else `time`. */
  started: number;
  /** When it was started by this machine's clock, where `time` is another's (a cluster's). */
  began?: number;
}

/** Files of a run's folder. */
export const FILES = {
  recipe: "recipe.json",
  launch: "launch.json",
  process: "process.json",
  problems: "problems.jsonl",
  pool: "pool.jsonl",
  prompts: "prompts",
  events: "events.jsonl",
  heartbeat: "heartbeat.json",
  control: "control.json",
  log: "log.txt",
  checkpoints: "checkpoints",
  /** `{"modelId"}`: written once the model has been registered, so that one taken off the list stays off. */
  registered: "registered.json",
} as const;

/** A JSON file's value; undefined when it is not there or not whole. */
export async function readJson<T>(folder: string, name: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, name), "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** Written aside and renamed: a reader sees the old file or the new one. */
export async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  const file = join(folder, name);
  const aside = `${file}.${process.pid}.tmp`;
  await writeFile(aside, `${JSON.stringify(value, null, 2)}\n`);
  await rename(aside, file);
}

/** One JSON value a line. Characters that some readers take for line ends (Python's splitlines) are escaped. */
export async function writeJsonl(folder: string, name: string, values: readonly unknown[]): Promise<void> {
  const escaped = (text: string) =>
    text.replaceAll(/[\u0085\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  await writeFile(join(folder, name), values.map((value) => `${escaped(JSON.stringify(value))}\n`).join(""));
}

/** The last lines of `log.txt` that matter: the last error with what it says, without progress bars and tracebacks. */
export async function lastWords(folder: string, lines = 4): Promise<string> {
  const text = await readFile(join(folder, FILES.log), "utf8").catch(() => "");
  const tail = text
    .slice(-20_000)
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "" && !/\d+%\|/.test(line) && !/^\s+(File "|[\^~]+$)/.test(line));
  // Of a traceback, its last unindented line is the error; indented source lines around it only look like one.
  const error = tail.findLastIndex((line) => /^[\w.]*(Error|Exception|Interrupt|Killed)\b/.test(line));
  return (error >= 0 ? tail.slice(error, error + lines) : tail.slice(-lines)).join("\n");
}
