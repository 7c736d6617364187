import { resolve } from "node:path";
import { cudaPlan, setUpCuda } from "../runs/cuda.js";
import { ensureEnvironment, installInto } from "../runs/environment.js";
import { MANAGED } from "../runs/python.js";
import { answer, readArguments } from "./arguments.js";
import type { Context } from "./context.js";

/**
 * `errata setup [--folder DIR] [--python PATH]`: the trainer's Python environment; nothing to do the second time, and
 * what is broken is mended. `--into PATH` installs into an interpreter of the user's own; `--torch-index URL` takes
 * PyTorch from there.
 * `errata setup --cuda`: the CUDA provider of ONNX Runtime; exit status 1 when it does not run here.
 */
export async function setup(args: readonly string[], context: Context): Promise<number> {
  const { values, json } = readArguments(args, {
    folder: { type: "string" },
    python: { type: "string" },
    cuda: { type: "boolean" },
    into: { type: "string" },
    "torch-index": { type: "string" },
  });
  if (values.cuda) return cuda(values.python, json, context);
  const options = {
    ...{ report: context.progress.report, signal: context.signal },
    torchIndex: values["torch-index"],
  };
  const info =
    values.into === undefined
      ? await ensureEnvironment({
          folder: resolve(values.folder ?? MANAGED),
          base: values.python,
          ...options,
        })
      : await installInto(values.into, options);
  context.progress.close();
  if (await answer(json, info)) return 0;
  console.log(
    `Python ${info.version} with PyTorch ${info.packages.torch} and TRL ${info.packages.trl}: ${info.python}`,
  );
  return 0;
}

async function cuda(
  python: string | undefined,
  json: string | true | undefined,
  context: Context,
): Promise<number> {
  process.stderr.write(`${cudaPlan()}\n`);
  const state = await setUpCuda({
    python: context.pythonPlaces(python),
    report: context.progress.report,
    signal: context.signal,
  });
  context.progress.close();
  const status = state.works ? 0 : 1;
  if (await answer(json, state)) return status;
  console.log(`CUDA provider of ONNX Runtime ${state.version} (${state.source}): ${state.folder}`);
  for (const { name, folder, system } of state.libraries)
    console.log(
      `${folder ? "✓" : "✗"} ${name.padEnd(20)} ${folder ?? "missing"}${system ? " (system)" : ""}`,
    );
  if (state.works) console.log("✓ The embedded model was decoded on CUDA, with the tokens of the CPU.");
  for (const { why, mend } of state.troubles) console.log(`✗ ${why}\n    ${mend.replaceAll("\n", "\n    ")}`);
  return status;
}
