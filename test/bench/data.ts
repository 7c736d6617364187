import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { installationFolder } from "../../src/protocol/paths.js";
import { generate } from "./data/generate.js";
import { verdictTimes } from "./data/verdicts.js";

const ROWS = 1_000_000;
const LIMIT_MB = 600;
const root = installationFolder();
const run = promisify(execFile);

interface Measured {
  attempts: number;
  seconds: number;
  peakMb: number;
}

/**
 * A log of 1,000,000 attempts (about 2 GB of JSON lines; `--rows N` for fewer) into an empty pool: attempts a second with
 * grading, the process's peak memory, the size on disk; its preview; the same file once more. Beside it, for scale, what
 * `datasets` and pandas take to load the file, which neither grade nor index it.
 */
export async function bench(options: { rows?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "errata-bench-"));
  try {
    const file = join(folder, "log.jsonl");
    await generate(file, options.rows ?? ROWS);
    const ours = async (what: string): Promise<Measured> =>
      measured(process.execPath, [join(root, "dist/bench/import-process.cjs"), what, file, folder]);
    const preview = await ours("preview");
    const first = await ours("import");
    const again = await ours("again");
    const pool = join(folder, ".errata", "pool.sqlite");
    const peers = await peersOf(file, folder);
    const verdicts = await verdictTimes();
    return {
      ratios: Object.fromEntries(
        peers.map(([name, peer]) => [`import with grading/${name} load`, peer.seconds / first.seconds]),
      ),
      figures: {
        "import, attempts": first.attempts,
        "import, attempts a second": Math.round(first.attempts / first.seconds),
        "import, s": {
          preview: round(preview.seconds),
          import: round(first.seconds),
          again: round(again.seconds),
        },
        "import, peak MB": {
          ...{ preview: Math.round(preview.peakMb), import: Math.round(first.peakMb) },
          ...{ again: Math.round(again.peakMb), under600: Math.max(first.peakMb, preview.peakMb) < LIMIT_MB },
        },
        ...verdicts,
        "import, MB on disk": { log: megabytes(file), pool: megabytes(pool) },
        ...Object.fromEntries(
          peers.map(([name, { seconds, peakMb }]) => [
            `${name} load`,
            { s: round(seconds), peakMb: Math.round(peakMb) },
          ]),
        ),
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function peersOf(file: string, folder: string): Promise<[string, Measured][]> {
  const python = join(root, ".venv/bin/python");
  if (!existsSync(python)) return [];
  const found: [string, Measured][] = [];
  for (const name of ["datasets", "pandas"]) {
    found.push([
      name,
      await measured(python, [join(root, "test/bench/data_peer.py"), name, file, join(folder, name)]),
    ]);
  }
  return found;
}

async function measured(program: string, words: string[]): Promise<Measured> {
  const { stdout } = await run(program, words);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Measured;
}

const round = (n: number): number => Math.round(n * 10) / 10;
const megabytes = (file: string): number => Math.round(statSync(file).size / 1e6);
