import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isSameProcess, startTime } from "./process.js";

/** For another process to write who it is into the lock that it has just made. */
const NAMING = { tries: 20, ms: 50 } as const;

interface Holder {
  pid: number;
  started: number;
}

/**
 * Takes a lock file for this process and returns what gives it back; undefined when another process, or this one, has
 * it. The lock of a process that is gone counts for nothing.
 */
export async function lock(path: string): Promise<(() => Promise<void>) | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, started: (await startTime(process.pid)) ?? 0 });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(path, mine, { flag: "wx" });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (await isHeld(path)) return undefined;
    await clearAway(path);
  }
  return undefined;
}

async function isHeld(path: string): Promise<boolean> {
  const holder = await holderOf(path);
  return holder !== undefined && (await isSameProcess(holder.pid, holder.started));
}

/** Of several processes that found the same dead holder one takes its file away; a newer one's is put back. */
async function clearAway(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if (await isHeld(aside)) await rename(aside, path);
  else await rm(aside, { force: true });
}

/** Undefined where nobody has said who holds it: it was made, and its process ended before it could. */
async function holderOf(path: string): Promise<Holder | undefined> {
  for (let tries = 0; tries < NAMING.tries; tries++) {
    const text = await readFile(path, "utf8").catch(() => "{}");
    try {
      return text === "{}" ? undefined : (JSON.parse(text) as Holder);
    } catch {
      await sleep(NAMING.ms);
    }
  }
  return undefined;
}
