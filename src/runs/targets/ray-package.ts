import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import yazl from "yazl";
import { assetFile, distFile } from "../../protocol/paths.js";
import { ErrataError } from "../../protocol/types.js";
import { FILES, type Launch } from "../run-folder.js";

/** Ray refuses packages of 500 MiB and more (GCS_STORAGE_MAX_SIZE, ray/_private/runtime_env/packaging.py). */
const LIMIT = 500 * 2 ** 20;
/** The same bytes get the same name, and are not sent twice. */
const EPOCH = new Date(315_619_200_000);

export interface Package {
  path: string;
  size: number;
  /** `_ray_pkg_<hash>.zip`: the form in which Ray looks for uploaded folders. */
  name: string;
  remove(): Promise<void>;
}

/**
 * The folder that a job works in, as a zip: the trainer, the run's inputs, the base model's weights unless the cluster
 * has them, and on Resume the last checkpoint. Rejects with "cluster-size" when it is larger than Ray takes.
 */
export async function packRun(
  folder: string,
  launch: Launch,
  options: { resume: boolean; weights: boolean },
): Promise<Package> {
  const files = new Map<string, string>();
  const add = async (from: string, to: string, wanted: (path: string) => boolean = () => true) => {
    for (const path of await filesIn(from)) if (wanted(path)) files.set(`${to}/${path}`, join(from, path));
  };
  await add(assetFile("trainer/errata_trainer"), "errata_trainer", (path) => path.endsWith(".py"));
  files.set("requirements.txt", assetFile("trainer/requirements.txt"));
  files.set("schemas/recipe.schema.json", assetFile("schemas/recipe.schema.json"));
  // The pool's own grader, for nodes that have Node.
  for (const name of ["cli.js", "grading-thread.js"]) {
    if (existsSync(distFile(name))) files.set(`dist/${name}`, distFile(name));
  }
  files.set("package.json", assetFile("package.json"));
  for (const name of [FILES.recipe, FILES.launch, FILES.problems, FILES.pool]) {
    if (existsSync(join(folder, name))) files.set(`run/${name}`, join(folder, name));
  }
  await add(join(folder, FILES.prompts), `run/${FILES.prompts}`);
  if (options.weights) await add(launch.trainable, "weights", (path) => !path.startsWith("."));
  if (options.resume && launch.resume_from !== null) {
    const checkpoint = `${FILES.checkpoints}/checkpoint-${launch.resume_from}`;
    await add(join(folder, checkpoint), `run/${checkpoint}`);
  }
  let bytes = 0;
  for (const path of files.values()) bytes += (await stat(path)).size;
  if (bytes >= LIMIT) throw tooLarge(bytes, options.weights);
  return zip(files);
}

async function zip(files: ReadonlyMap<string, string>): Promise<Package> {
  const home = await mkdtemp(join(tmpdir(), "errata-package-"));
  const remove = () => rm(home, { recursive: true, force: true });
  try {
    const path = join(home, "package.zip");
    const archive = new yazl.ZipFile();
    // Weights do not get smaller, and texts are small.
    for (const [name, from] of files)
      archive.addFile(from, name, { mtime: EPOCH, mode: 0o100644, compress: false });
    archive.end();
    await pipeline(archive.outputStream, createWriteStream(path));
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    const { size } = await stat(path);
    return { path, size, name: `_ray_pkg_${hash.digest("hex").slice(0, 32)}.zip`, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Paths below a folder with forward slashes; none when it is not there. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
}

function tooLarge(bytes: number, weights: boolean): ErrataError {
  const mib = Math.ceil(bytes / 2 ** 20);
  return new ErrataError(
    `The run's files are ${mib} MiB; a Ray cluster takes up to ${LIMIT / 2 ** 20 - 1} MiB.`,
    weights
      ? "Put the model's weights where every node finds them, and name that folder in the recipe as target.weights."
      : "Name a folder that every node sees as target.storage: checkpoints stay there, and Resume takes them from there.",
    "cluster-size",
  );
}
