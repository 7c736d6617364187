import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ErrataError } from "../../protocol/types.js";
import { FILES } from "../run-folder.js";

/** What a part said beside its files. */
export interface PartNews {
  /** What the run waits for; empty: for nothing any more. */
  note?: string;
  /** Where the parts lie there. */
  home?: string;
  ended: boolean;
}

/** The newest of a run's checkpoints are kept, as the trainer itself does. */
const KEPT_CHECKPOINTS = 2;

/** What a job may write into the run's folder. A cluster is somebody else's machine: nothing else is let in. */
const FILE =
  /^(?:(events\.jsonl|log\.txt|rollouts\/step-\d+\.jsonl)|((?:model|checkpoints\/checkpoint-\d+))\/((?:(?!\.)[\w.+-]+\/)*(?!\.)[\w.+-]+))$/;
const FOLDER = /^(?:model|checkpoints\/checkpoint-\d+)$/;

interface Entry {
  op?: unknown;
  file?: unknown;
  folder?: unknown;
  text?: unknown;
  at?: unknown;
  size?: unknown;
}

/**
 * Puts a part (ray_outbox.py) into the run's folder. Every byte has its place, so applying a part twice changes
 * nothing; folders appear whole. `from`: where this job's share of a file begins. Rejects with "bad-part".
 */
export async function applyPart(
  folder: string,
  part: Buffer,
  from: Readonly<Record<string, number>>,
): Promise<PartNews> {
  const news: PartNews = { ended: false };
  for (let place = 0; place < part.length; ) {
    const lineEnd = part.indexOf(10, place);
    if (lineEnd < 0) throw bad("it ends within a record");
    const entry = entryOf(part.toString("utf8", place, lineEnd));
    place = lineEnd + 1;
    switch (entry.op) {
      case "bytes": {
        const { size, at } = entry;
        if (!isCount(size) || !isCount(at)) throw bad("a record has no size or no place");
        if (place + size > part.length) throw bad("it ends within a file");
        await write(folder, String(entry.file), at, part.subarray(place, place + size), from);
        place += size;
        break;
      }
      case "done":
        await finish(folder, String(entry.folder));
        break;
      case "note":
        news.note = String(entry.text).slice(0, 300);
        break;
      case "home":
        news.home = String(entry.folder);
        break;
      case "end":
        news.ended = true;
        break;
      default:
        throw bad(`it has a record "${String(entry.op)}", which this version does not know`);
    }
  }
  return news;
}

async function write(
  folder: string,
  name: string,
  at: number,
  data: Buffer,
  from: Readonly<Record<string, number>>,
): Promise<void> {
  const found = FILE.exec(name);
  if (!found) throw bad(`it has the file ${JSON.stringify(name)}, which is no part of a run`);
  const [, file, tree, below] = found;
  const target = join(folder, file ?? `${tree}.tmp/${below}`);
  await mkdir(dirname(target), { recursive: true });
  const start = (from[name] ?? 0) + at;
  // A file that is sent again from its beginning replaces what is there; one that grows is never cut.
  const handle = await open(
    target,
    file !== undefined && name in from ? openOld(target) : at === 0 ? "w" : "r+",
  );
  try {
    await handle.write(data, 0, data.length, start);
  } finally {
    await handle.close();
  }
}

const openOld = (path: string): string => (existsSync(path) ? "r+" : "w+");

/** Every file of a folder has come. */
async function finish(folder: string, name: string): Promise<void> {
  if (!FOLDER.test(name)) throw bad(`it ends the folder ${JSON.stringify(name)}, which is no part of a run`);
  const target = join(folder, name);
  if (!existsSync(`${target}.tmp`)) return;
  await rm(target, { recursive: true, force: true });
  await rename(`${target}.tmp`, target);
  if (!name.startsWith(FILES.checkpoints)) return;
  const home = join(folder, FILES.checkpoints);
  const steps = (await readdir(home))
    .flatMap((entry) => /^checkpoint-(\d+)(?:\.tmp)?$/.exec(entry)?.slice(1).map(Number) ?? [])
    .sort((a, b) => b - a);
  for (const step of [...new Set(steps)].slice(KEPT_CHECKPOINTS)) {
    for (const end of ["", ".tmp"])
      await rm(join(home, `checkpoint-${step}${end}`), { recursive: true, force: true });
  }
}

function entryOf(line: string): Entry {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    throw bad(`it has a record that is no JSON: ${line.slice(0, 80)}`);
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function bad(why: string): ErrataError {
  return new ErrataError(
    `A part that the cluster sent cannot be used: ${why}.`,
    "Is it the same version of Errata that started the run?",
    "bad-part",
  );
}
