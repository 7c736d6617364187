import { writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { ErrataError } from "../protocol/types.js";
import { type PresetSize, presetRecipe, presets, SIZES, sizeOfModel } from "../runs/presets.js";
import { answer, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";

/** `errata recipe METHOD --model M --problems P [--out FILE] [--size small|large|full]`; without METHOD, the list. */
export async function recipe(args: readonly string[], context: Context): Promise<void> {
  const wantsList = args.length === 0 || args[0]?.startsWith("-");
  const { values, words, json } = readArguments(
    args,
    {
      model: { type: "string" },
      problems: { type: "string" },
      out: { type: "string" },
      size: { type: "string" },
      name: { type: "string" },
    },
    wantsList ? [] : ["METHOD"],
  );
  const all = await presets();
  if (wantsList) {
    if (await answer(json, all)) return;
    for (const { id, description } of all) console.log(`${id.padEnd(15)} ${description}`);
    return;
  }
  const preset = all.find(({ id }) => id === words[0]);
  if (!preset)
    throw new UsageError(`METHOD is "${words[0]}"; it is one of ${all.map(({ id }) => id).join(", ")}.`);
  if (values.model === undefined || values.problems === undefined) {
    throw new UsageError(`${values.model === undefined ? "--model" : "--problems"} is missing.`);
  }
  const model = await context.models(values.workspace).get(values.model);
  const size = values.size ?? (model.trainable ? await sizeOfModel(model.trainable) : "small");
  if (!isSize(size)) throw new UsageError(`--size is "${size}"; it is one of ${SIZES.join(", ")}.`);
  const file = resolve(values.out ?? `${preset.id}.errata.json`);
  const problems = relative(dirname(file), resolve(values.problems));
  const fill = { name: values.name ?? preset.id, model: values.model, problems, size };
  const text = presetRecipe(preset, fill, file);
  if (values.out === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new ErrataError(
      `${file} ${there ? "is there already" : `cannot be written: ${(error as Error).message}`}.`,
      "Name another file with --out.",
      "bad-recipe",
    );
  }
  console.log(`${file}: start it with \`errata run\`, or look at it first with \`errata run --dry-run\`.`);
}

const isSize = (text: string): text is PresetSize => (SIZES as readonly string[]).includes(text);
