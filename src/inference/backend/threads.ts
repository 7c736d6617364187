import { readdir, readFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";

/** Below this a step is over before a second thread has woken up, and its spinning only costs others. */
export const SMALL_BYTES = 32 << 20;

/**
 * Threads of one operator for a model of this size: one per physical core that this process may use, since two threads
 * of one core share the units that a matrix product keeps busy.
 */
export async function defaultThreads(bytes: number): Promise<number> {
  if (bytes < SMALL_BYTES) return 1;
  return Math.max(1, Math.min(await physicalCores(), availableParallelism()));
}

/** As Linux tells it; elsewhere half of the logical ones where there are more than 4, which is when SMT is usual. */
async function physicalCores(): Promise<number> {
  const root = "/sys/devices/system/cpu";
  const names = (await readdir(root).catch(() => [])).filter((name) => /^cpu\d+$/.test(name));
  const siblings = await Promise.all(
    names.map((name) => readFile(join(root, name, "topology/thread_siblings_list"), "utf8").catch(() => "")),
  );
  const cores = new Set(siblings.filter(Boolean)).size;
  const logical = cpus().length;
  // On a Mac every core is one, and the slower ones would hold up the rest.
  return cores > 0 ? cores : logical > 4 ? logical >> 1 : logical;
}
