import { copyFile, link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelEntry, Report } from "../../protocol/types.js";
import { checkRoom, freeBytes, lockFolder, type Origin, readOrigin, writeOrigin } from "../store.js";
import { type FetchOptions, fetchFile } from "./fetch-file.js";
import type { HubAccess, HubFile, Repository } from "./repository.js";
import type { Variant } from "./variants.js";

export interface DownloadOptions extends Omit<FetchOptions, "onBytes"> {
  report?: Report | undefined;
  /** Stands in for the disk's own answer, in tests. */
  free?: (folder: string) => Promise<number>;
}

/** Pace is measured over this long. ms */
const WINDOW_MS = 5000;

/** Where a variant of a repository lies in the store: `<store>/<owner>--<name>[@revision]/<label>`. */
export function variantFolder(store: string, { id, revision }: Repository, { label }: Variant): string {
  const plain = (text: string) => text.replaceAll(/[^\w.-]+/g, "-");
  const at = revision === "main" ? "" : `@${plain(revision)}`;
  return join(store, `${id.replace("/", "--")}${at}`, plain(label));
}

/** Bytes of a variant that are still to come: what an interrupted download left counts. */
export async function missingBytes(store: string, repository: Repository, variant: Variant): Promise<number> {
  const folder = variantFolder(store, repository, variant);
  if (await isThere(folder, repository, variant)) return 0;
  const sizes = variant.files.map(async (file) => {
    const place = join(`${folder}.incomplete`, localPath(variant, file));
    const part = `${place}.${contentOf(file).slice(0, 12)}.part`;
    const have = (await stat(place).catch(() => undefined)) ?? (await stat(part).catch(() => undefined));
    return Math.max(0, file.bytes - (have?.size ?? 0));
  });
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * Downloads a variant into the store and returns its folder, which appears whole or not at all: until then everything
 * is in `<folder>.incomplete`, where the next call goes on. A variant that is there already is not downloaded again;
 * of an older one, unchanged files are taken over. Rejects with "no-space", "busy" and what `fetchFile` rejects with.
 */
export async function download(
  access: HubAccess,
  repository: Repository,
  variant: Variant,
  store: string,
  { report = () => {}, free = freeBytes, ...options }: DownloadOptions = {},
): Promise<string> {
  const folder = variantFolder(store, repository, variant);
  if (await isThere(folder, repository, variant)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const unlock = await lockFolder(folder);
  try {
    await checkRoom(store, await missingBytes(store, repository, variant), free);
    const work = `${folder}.incomplete`;
    const before = await readOrigin(folder);
    const pace = new Pace(variant.bytes, report);
    for (const file of variant.files) {
      options.signal?.throwIfAborted();
      const place = localPath(variant, file);
      const target = join(work, place);
      await mkdir(dirname(target), { recursive: true });
      const there =
        (await isWhole(work, place, file)) || (await takeOver(folder, before, place, file, target));
      if (!there) {
        pace.begin(place);
        await fetchFile(access, repository, file, target, { ...options, onBytes: (done) => pace.at(done) });
        await writeFile(`${target}.done`, contentOf(file));
      }
      pace.end(file.bytes);
    }
    await seal(work, repository, variant);
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
    return folder;
  } finally {
    await unlock();
  }
}

/** What the workspace's list says of a variant that was downloaded. */
export function entryOf({ id }: Repository, { kind, id: variant, label }: Variant): Partial<ModelEntry> {
  return {
    id: `${id.split("/").at(-1)}-${label}`,
    name: `${id} ${label}`,
    ...(kind === "onnx" ? { graph: variant } : {}),
  };
}

/** Leaves only the model's files and where they came from. */
async function seal(work: string, { id, commit }: Repository, variant: Variant): Promise<void> {
  const files = Object.fromEntries(variant.files.map((file) => [localPath(variant, file), contentOf(file)]));
  for (const place of Object.keys(files)) await rm(join(work, `${place}.done`), { force: true });
  const precision = variant.kind === "onnx" ? { precision: variant.label } : {};
  await writeOrigin(work, { repository: id, commit, variant: variant.id, ...precision, files });
}

/** An export's folder becomes the model's own; everything else keeps its place. */
function localPath(variant: Variant, { path }: HubFile): string {
  return variant.kind === "genai" && variant.id !== "." ? path.slice(variant.id.length + 1) : path;
}

const contentOf = ({ sha256, oid }: HubFile) => sha256 ?? oid ?? "new";

async function isThere(folder: string, repository: Repository, variant: Variant): Promise<boolean> {
  const origin = await readOrigin(folder);
  if (!origin || origin.repository !== repository.id || origin.variant !== variant.id) return false;
  const same = variant.files.map(async (file) => {
    const place = localPath(variant, file);
    const found = await stat(join(folder, place)).catch(() => undefined);
    return found?.size === file.bytes && origin.files?.[place] === contentOf(file);
  });
  return (await Promise.all(same)).every(Boolean);
}

/** Fetched and checked by an earlier call. */
async function isWhole(work: string, place: string, file: HubFile): Promise<boolean> {
  const target = join(work, place);
  const mark = await stat(`${target}.done`).catch(() => undefined);
  const found = await stat(target).catch(() => undefined);
  if (!mark || found?.size !== file.bytes) return false;
  return (await readFile(`${target}.done`, "utf8")) === contentOf(file);
}

/** A file that is the same in what is there of an older commit. */
async function takeOver(
  folder: string,
  before: Origin | undefined,
  place: string,
  file: HubFile,
  target: string,
): Promise<boolean> {
  const old = join(folder, place);
  const found = await stat(old).catch(() => undefined);
  const known = contentOf(file);
  if (known === "new" || before?.files?.[place] !== known || found?.size !== file.bytes) return false;
  await rm(target, { force: true });
  await link(old, target).catch(() => copyFile(old, target));
  return true;
}

/** Bytes as progress: megabytes, pace over the last seconds, time left. */
class Pace {
  private before = 0;
  private now = 0;
  private file = "";
  private readonly marks: { time: number; bytes: number }[] = [];
  private told = 0;

  constructor(
    private readonly total: number,
    private readonly report: Report,
  ) {}

  begin(file: string): void {
    this.file = file;
    this.tell(true);
  }

  at(done: number): void {
    this.now = this.before + done;
    const time = Date.now();
    if (time - (this.marks.at(-1)?.time ?? 0) >= 100) this.marks.push({ time, bytes: this.now });
    while ((this.marks[0]?.time ?? time) < time - WINDOW_MS) this.marks.shift();
    this.tell(false);
  }

  end(bytes: number): void {
    this.before += bytes;
    this.now = this.before;
    this.tell(this.before === this.total);
  }

  private tell(always: boolean): void {
    const time = Date.now();
    if (!always && time - this.told < 200) return;
    this.told = time;
    const [first] = this.marks;
    const seconds = first ? (time - first.time) / 1000 : 0;
    const speed = first && seconds > 0.5 ? (this.now - first.bytes) / seconds : 0;
    const unit = this.total < 10e6 ? 10 : 1;
    const megabytes = (bytes: number) => Math.round((bytes / 1e6) * unit) / unit;
    this.report({
      stage: "Downloading (MB)",
      done: megabytes(this.now),
      total: Math.max(megabytes(this.total), 1 / unit),
      ...(speed > 0 ? { secondsLeft: (this.total - this.now) / speed } : {}),
      detail: [speed > 0 ? `${(speed / 1e6).toFixed(1)} MB/s` : "", this.file].filter(Boolean).join(" · "),
    });
  }
}
