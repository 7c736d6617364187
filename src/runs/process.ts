import { readFile } from "node:fs/promises";

/** Clock ticks a second in `/proc/<pid>/stat`: USER_HZ, 100 on every Linux architecture we run on (proc(5)). */
const TICKS = 100;
/** `/proc/stat`'s boot time has whole seconds, and the trainer reads it on its own. */
const TOLERANCE = 2;

/**
 * When a process started, seconds since the epoch; null when there is none (a zombie counts as none), undefined
 * where the system does not tell us (no /proc).
 */
export async function startTime(pid: number): Promise<number | null | undefined> {
  if (process.platform !== "linux") return isThere(pid) ? undefined : null;
  try {
    const [stat, system] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/stat", "utf8"),
    ]);
    // The second field is the program's name in brackets and may hold anything, brackets and spaces too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const boot = /^btime (\d+)$/m.exec(system)?.[1];
    if (fields[0] === "Z" || fields[0] === "X") return null;
    if (boot === undefined || fields[19] === undefined) return undefined;
    return Number(boot) + Number(fields[19]) / TICKS;
  } catch {
    return isThere(pid) ? undefined : null;
  }
}

/** Is this still the process that started then, and not a later one that was given the same pid? */
export async function isSameProcess(pid: number, started: number): Promise<boolean> {
  const found = await startTime(pid);
  if (found === null) return false;
  return found === undefined || Math.abs(found - started) <= TOLERANCE;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
