import { resolve } from "node:path";
import { ensureEnvironment } from "../runs/environment.js";
import { MANAGED } from "../runs/python.js";
import { answer, readArguments } from "./arguments.js";
import type { Context } from "./context.js";

/** `errata setup [--folder DIR] [--python PATH]`: the trainer's Python environment; nothing to do the second time. */
export async function setup(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, { folder: { type: "string" }, python: { type: "string" } });
  const info = await ensureEnvironment({
    folder: resolve(values.folder ?? MANAGED),
    base: values.python,
    report: context.progress.report,
    signal: context.signal,
  });
  context.progress.close();
  if (await answer(json, info)) return;
  console.log(
    `Python ${info.version} with PyTorch ${info.packages.torch} and TRL ${info.packages.trl}: ${info.python}`,
  );
}
