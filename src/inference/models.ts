import { unwatchFile, watchFile } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { assetFile } from "../protocol/paths.js";
import { type Endpoint, ErrataError, type ModelEntry } from "../protocol/types.js";
import { readModelCard, readModelFolder } from "./model/folder.js";
import { graphPrecision } from "./model/precision.js";
import type { Models } from "./types.js";

/** Id of the embedded model, as its errata.json says. */
const EMBEDDED_ID = "demo-base";
/** A lock older than this belongs to a process that died. */
const LOCK_STALE_MS = 5000;
const LOCK_WAIT_MS = 10_000;

/**
 * `<workspace>/.errata/models.json`: `{"models": [ModelEntry, …]}`, folders inside `.errata` relative to it. The
 * embedded model is always listed and never stored. Several windows may write: each change reads the file again under
 * a lock and replaces it whole.
 */
export class WorkspaceModels implements Models {
  private readonly home: string;
  private readonly file: string;
  private readonly listeners = new Set<() => void>();
  private readonly changed = () => {
    for (const listener of this.listeners) listener();
  };

  constructor(
    workspace: string,
    /** The embedded model's folder. */
    private readonly embedded = assetFile("demo/model"),
  ) {
    this.home = join(resolve(workspace), ".errata");
    this.file = join(this.home, "models.json");
  }

  async list(): Promise<ModelEntry[]> {
    const stored = (await this.read()).map((entry) => this.absolute(entry));
    const embedded = await this.fromFolder(this.embedded, "").catch(() => undefined);
    if (!embedded) return stored;
    return [embedded, ...stored.filter((entry) => entry.id !== embedded.id)];
  }

  async get(idOrFolder: string): Promise<ModelEntry> {
    const all = await this.list();
    const folder = resolve(idOrFolder);
    const found =
      all.find((entry) => entry.id === idOrFolder) ?? all.find((entry) => entry.folder === folder);
    if (found) return found;
    if ((await stat(folder).catch(() => undefined))?.isDirectory())
      return this.fromFolder(folder, new Date().toISOString());
    throw new ErrataError(
      `There is no model "${idOrFolder}"`,
      `Known models: ${all.map((entry) => entry.id).join(", ")}. A model's folder works too.`,
      "unknown-model",
    );
  }

  async add(folder: string, more: Partial<ModelEntry> = {}): Promise<ModelEntry> {
    const addedAt = new Date().toISOString();
    const known = more.endpoint
      ? fromEndpoint(more.endpoint, addedAt)
      : await this.fromFolder(resolve(folder), addedAt, more.graph);
    const entry = { ...known, ...more, folder: known.folder };
    if (more.trainable !== undefined) entry.trainable = resolve(entry.folder, more.trainable);
    return this.update((stored) => {
      const same = stored.find((other) => isSame(this.absolute(other), entry));
      const taken = new Set(stored.filter((other) => other !== same).map((other) => other.id));
      if (entry.folder !== this.embedded) taken.add(EMBEDDED_ID);
      if (same && more.id === undefined) entry.id = same.id;
      entry.id = free(entry.id, taken);
      const kept = stored.filter((other) => other !== same);
      return [[...kept, this.stored(entry)], entry];
    });
  }

  remove(id: string): Promise<void> {
    return this.update((stored) => {
      const rest = stored.filter((entry) => entry.id !== id);
      if (rest.length === stored.length)
        throw new ErrataError(
          `There is no model "${id}" to remove`,
          "The embedded model always stays.",
          "unknown-model",
        );
      return [rest, undefined];
    });
  }

  onDidChange(listener: () => void): () => void {
    // Polling with stat works on every file system, also before the file exists.
    if (this.listeners.size === 0)
      watchFile(this.file, { interval: 1000, persistent: false }, (now, before) => {
        if (now.mtimeMs !== before.mtimeMs || now.size !== before.size) this.changed();
      });
    this.listeners.add(listener);
    return () => {
      if (this.listeners.delete(listener) && this.listeners.size === 0) unwatchFile(this.file);
    };
  }

  /** A model from its folder (and one graph of it) and its own `errata.json`. Throws when the folder is no model. */
  private async fromFolder(folder: string, addedAt: string, graph?: string): Promise<ModelEntry> {
    await readModelFolder(folder, graph);
    const card = await readModelCard(folder);
    const id = card.id ?? (basename(folder) === "model" ? basename(resolve(folder, "..")) : basename(folder));
    const entry: ModelEntry = { id, name: card.name ?? id, folder, addedAt };
    const trainable = card.trainable === undefined ? undefined : resolve(folder, card.trainable);
    // Without it the model samples but cannot be trained: noted by its absence, no reason to refuse.
    if (trainable && (await stat(join(trainable, "config.json")).catch(() => undefined)))
      entry.trainable = trainable;
    if (card.prompts !== undefined) entry.prompts = card.prompts;
    if (card.base !== undefined) entry.base = card.base;
    if (card.run !== undefined) entry.run = card.run;
    if (graph !== undefined) {
      entry.graph = graph;
      // Several graphs of one folder are several models; an export of one graph has its name already.
      if (card.id === undefined && dirname(graph) !== ".") entry.id += `-${graphPrecision(graph)}`;
      if (card.name === undefined) entry.name = entry.id;
    }
    return entry;
  }

  private absolute(entry: ModelEntry): ModelEntry {
    const trainable = entry.trainable === undefined ? {} : { trainable: resolve(this.home, entry.trainable) };
    const folder = entry.endpoint ? "" : resolve(this.home, entry.folder);
    return { ...entry, folder, ...trainable };
  }

  /** Paths inside `.errata` become relative, so that a workspace can be moved. */
  private stored(entry: ModelEntry): ModelEntry {
    const short = (path: string) => {
      const inside = relative(this.home, path);
      return inside.startsWith("..") || isAbsolute(inside) ? path : inside.split("\\").join("/");
    };
    const trainable = entry.trainable === undefined ? {} : { trainable: short(entry.trainable) };
    return { ...entry, folder: entry.endpoint ? "" : short(entry.folder), ...trainable };
  }

  private async read(): Promise<ModelEntry[]> {
    let text: string;
    try {
      text = await readFile(this.file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw fileError(this.file, error);
    }
    try {
      const { models } = JSON.parse(text) as { models: ModelEntry[] };
      if (!models.every((entry) => typeof entry.id === "string" && typeof entry.folder === "string"))
        throw new Error("an entry has no id or no folder");
      return models;
    } catch (error) {
      throw new ErrataError(
        `${this.file} is damaged: ${(error as Error).message}`,
        "Mend the file, or delete it and add the models again; no model folder is touched by that.",
        "bad-models-file",
      );
    }
  }

  private async update<T>(change: (stored: ModelEntry[]) => [ModelEntry[], T]): Promise<T> {
    let result: T;
    try {
      await mkdir(this.home, { recursive: true });
      const unlock = await this.lock();
      try {
        const [models, value] = change(await this.read());
        result = value;
        const temporary = `${this.file}.${process.pid}.tmp`;
        await writeFile(temporary, `${JSON.stringify({ models }, null, 2)}\n`);
        await rename(temporary, this.file);
      } finally {
        await unlock();
      }
    } catch (error) {
      throw error instanceof ErrataError ? error : fileError(this.file, error);
    }
    this.changed();
    return result;
  }

  private async lock(): Promise<() => Promise<void>> {
    const file = `${this.file}.lock`;
    const deadline = Date.now() + LOCK_WAIT_MS;
    for (;;) {
      try {
        await (await open(file, "wx")).close();
        return () => rm(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST" || Date.now() > deadline) throw error;
      }
      const age = Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (age > LOCK_STALE_MS) await rm(file, { force: true });
      await sleep(20);
    }
  }
}

/** Registered twice? A folder's graphs, and a server's models, are models of their own. */
function isSame(a: ModelEntry, b: ModelEntry): boolean {
  return a.endpoint || b.endpoint
    ? a.endpoint?.url === b.endpoint?.url && a.endpoint?.model === b.endpoint?.model
    : a.folder === b.folder && a.graph === b.graph;
}

function fromEndpoint(endpoint: Endpoint, addedAt: string): ModelEntry {
  const name = endpoint.model.split("/").at(-1) || endpoint.model;
  return { id: name.replaceAll(/[^\w.-]+/g, "-"), name: endpoint.model, folder: "", endpoint, addedAt };
}

function free(id: string, taken: Set<string>): string {
  if (!taken.has(id)) return id;
  for (let n = 2; ; n++) if (!taken.has(`${id}-${n}`)) return `${id}-${n}`;
}

function fileError(file: string, error: unknown): ErrataError {
  const { code, message } = error as NodeJS.ErrnoException;
  const readOnly = code === "EROFS" || code === "EACCES" || code === "EPERM";
  return new ErrataError(
    `${file} cannot be ${readOnly ? "written: the workspace is read-only" : `used: ${message}`}`,
    "Open a folder in which you may write; models can be tried by their folder without it.",
    readOnly ? "read-only" : "bad-models-file",
  );
}
