import { constants } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { assetFile } from "../protocol/paths.js";

/** Sizes of a demo. */
export interface DemoSizes {
  /** Problems that are sampled for the error pool. */
  train: number;
  heldout: number;
  group: number;
  steps: number;
}
export const FULL: DemoSizes = { train: 200, heldout: 240, group: 8, steps: 60 };
/** For tests: every part, nothing worth reporting. */
export const QUICK: DemoSizes = { train: 24, heldout: 16, group: 8, steps: 4 };

export interface DemoWorkspace {
  folder: string;
  train: string;
  heldout: string;
  recipe: string;
}

/** The workspace that the demo leaves: problem sets and a recipe to play with. Files that are there stay. */
export async function makeWorkspace(folder: string, sizes: DemoSizes, seed: number): Promise<DemoWorkspace> {
  const problems = join(folder, "problems");
  await mkdir(problems, { recursive: true });
  const place = {
    folder,
    train: join(problems, "linear-train.jsonl"),
    heldout: join(problems, "linear-heldout.jsonl"),
    recipe: join(folder, "scrpo.errata.json"),
  };
  await Promise.all([
    ignoreExisting(copyFile(assetFile("demo/problems/train.jsonl"), place.train, constants.COPYFILE_EXCL)),
    ignoreExisting(
      copyFile(assetFile("demo/problems/heldout.jsonl"), place.heldout, constants.COPYFILE_EXCL),
    ),
    ignoreExisting(writeFile(place.recipe, recipe(place.train, sizes, seed), { flag: "wx" })),
  ]);
  return place;
}

/** What serves the embedded model: 60 steps, 6 of trial to 4 of correction, 3e-4 and 1e-4. */
function recipe(train: string, sizes: DemoSizes, seed: number): string {
  const cycle: [number, number] = sizes.steps < 10 ? [2, 2] : [6, 4];
  const value = {
    method: "scrpo",
    model: "demo-base",
    problems: `problems/${basename(train)}`,
    seed,
    max_steps: sizes.steps,
    num_generations: 8,
    max_completion_length: 110,
    learning_rate: 0.0003,
    correction: { cycle, learning_rate: 0.0001, mask: "analysis", on_failure: "skip" },
    filter: { kind: "variance", min: 0.5 },
    data: { take: "pool" },
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The integers that each demo problem was made from, by the problem's id. */
export async function generators(file: string): Promise<Map<string, unknown>> {
  const rows = (await readFile(file, "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { id: string; generator: unknown });
  return new Map(rows.map(({ id, generator }) => [id, generator]));
}

async function ignoreExisting(work: Promise<void>): Promise<void> {
  await work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
