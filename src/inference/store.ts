import { existsSync } from "node:fs";
import { readFile, rm, rmdir, stat, statfs, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { ErrataError } from "../protocol/types.js";

/** Where the editor and the command line keep models that they download or convert; one place for all workspaces. */
export const MODEL_STORE = join(homedir(), ".errata", "models");

/** Its presence in a folder says that Errata made the folder, and from what. */
const ORIGIN = "errata-origin.json";

/** What a folder of the store was made from. */
export interface Origin {
  /** "owner/name" on the hub, for a download. */
  repository?: string;
  commit?: string;
  /** The variant's graph, folder or "weights". */
  variant?: string;
  /** Content ids of the files, by their path. */
  files?: Record<string, string>;
  /** The Hugging Face folder, for a conversion. */
  convertedFrom?: string;
  precision?: string;
}

/** Room to leave on a disk. Bytes. */
const MARGIN = 200e6;

/** Undefined for a folder that Errata did not make: its files are never deleted. */
export async function readOrigin(folder: string): Promise<Origin | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, ORIGIN), "utf8")) as Origin;
  } catch {
    return undefined;
  }
}

export async function writeOrigin(folder: string, origin: Origin): Promise<void> {
  await writeFile(join(folder, ORIGIN), `${JSON.stringify(origin, null, 2)}\n`);
}

/** Deletes a folder that Errata made, and the repository's folder above where that is empty then. */
export async function removeFolder(folder: string): Promise<void> {
  if (!(await readOrigin(folder)))
    throw new ErrataError(
      `${folder} was not made by Errata`,
      "Delete it yourself if you no longer need it.",
      "not-ours",
    );
  await rm(folder, { recursive: true, force: true });
  // Refused by the system while another variant is there.
  await rmdir(dirname(folder)).catch(() => {});
}

/** Free bytes on the disk of a folder that may not exist yet; where a person without rights may write. */
export async function freeBytes(folder: string): Promise<number> {
  let at = folder;
  while (!existsSync(at)) at = dirname(at);
  const { bavail, bsize } = await statfs(at);
  return bavail * bsize;
}

/** Throws "no-space" where `bytes` more do not fit. */
export async function checkRoom(folder: string, bytes: number, free = freeBytes): Promise<void> {
  const there = await free(folder);
  if (there >= bytes + MARGIN) return;
  throw new ErrataError(
    `${folder} has ${size(there)} free; ${size(bytes)} and some room are needed`,
    "Free some space, or keep models on another disk (setting errata.modelFolder, option --store).",
    "no-space",
  );
}

/** "512 kB", "86 MB", "1.2 GB". */
export function size(bytes: number): string {
  if (bytes >= 995e6) return `${(bytes / 1e9).toFixed(bytes < 99.5e9 ? 1 : 0)} GB`;
  return bytes >= 995e3
    ? `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`
    : `${Math.ceil(bytes / 1e3)} kB`;
}

/**
 * One window, or command, works on a folder at a time: the lock file holds the pid of the one that does. Resolves with
 * what gives the folder free again; throws "busy" where a process that lives has it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = `${folder}.lock`;
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(file, "utf8").catch(() => ""));
    const fresh = Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? 0) < 2000;
    if (holder > 0 ? lives(holder) : fresh)
      throw new ErrataError(
        `${folder} is being made already, by process ${holder || "that has just begun"}`,
        `Wait for it, or stop it. If no such process is of Errata, delete ${file}.`,
        "busy",
      );
    await rm(file, { force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
