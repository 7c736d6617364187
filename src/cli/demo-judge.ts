import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { installationFolder } from "../protocol/paths.js";
import { ErrataError } from "../protocol/types.js";

export interface Case {
  /** The integers the problem was made from. */
  generator: unknown;
  attempt: string;
  reflection: string | null;
}
/** The truth about an attempt, from the generator, and whether its reflection found it: both line and kind. */
export interface Judgement {
  /** 1-based; null when every line holds. */
  line: number | null;
  kind: string | null;
  found: boolean;
}

/** Asks `demo/judge.py`, which knows the generator of the demo's problems, about many attempts at once. */
export async function judge(python: string, cases: readonly Case[]): Promise<Judgement[]> {
  const child = spawn(python, ["-m", "demo.judge"], {
    cwd: installationFolder(),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  // A judge that ended early says why on its standard error; the broken pipe says nothing.
  child.stdin.on("error", () => {});
  child.stdin.end(cases.map((one) => `${JSON.stringify(one)}\n`).join(""));
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) {
    throw new ErrataError(`demo/judge.py failed: ${errors.trim().split("\n").at(-1)}`, undefined, "judge");
  }
  return output
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Judgement);
}
