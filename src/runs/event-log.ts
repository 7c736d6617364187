import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import type { RunEvent } from "../protocol/events.js";

const TYPES = new Set(["start", "phase", "metrics", "rollouts", "checkpoint", "alarm", "end"]);
/** File watchers miss changes on network file systems and in some containers: look by ourselves this often. */
const POLL_MS = 1000;

/**
 * Reads `events.jsonl` as it grows. A last line without its end waits for the rest; a malformed line, or one of a
 * type that we do not know, is skipped: one bad write must not hide the run.
 */
export class EventLog {
  private offset = 0;
  private reading: Promise<RunEvent[]> | undefined;

  constructor(readonly file: string) {}

  /** Events appended since the last call. Empty when the file is not there (yet). */
  read(): Promise<RunEvent[]> {
    // Two readers at once would both move the offset.
    const turn = (this.reading ?? Promise.resolve([])).then(() => this.readNow());
    this.reading = turn.catch(() => []);
    return turn;
  }

  private async readNow(): Promise<RunEvent[]> {
    let handle: Awaited<ReturnType<typeof open>>;
    try {
      handle = await open(this.file, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    try {
      const { size } = await handle.stat();
      if (size < this.offset) {
        this.offset = 0;
      }
      if (size === this.offset) return [];
      const bytes = Buffer.alloc(size - this.offset);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, this.offset);
      // Only whole lines are decoded: a cut may fall within a character.
      const end = bytes.subarray(0, bytesRead).lastIndexOf(10) + 1;
      this.offset += end;
      return bytes.subarray(0, end).toString("utf8").split("\n").flatMap(parseEvent);
    } finally {
      await handle.close();
    }
  }
}

function parseEvent(line: string): RunEvent[] {
  if (line.trim() === "") return [];
  try {
    const event = JSON.parse(line) as RunEvent;
    return TYPES.has(event?.type) && typeof event.time === "number" ? [event] : [];
  } catch {
    return [];
  }
}

/** Tells every event of the file so far at once, then new ones as they are appended. Returns what ends it. */
export function tail(file: string, on: (events: RunEvent[]) => void): () => void {
  const log = new EventLog(file);
  let ended = false;
  let first = true;
  const look = async () => {
    const events = await log.read().catch(() => []);
    if (!ended && (first || events.length > 0)) on(events);
    first = false;
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(file), (_, name) => {
      if (name === "events.jsonl") void look();
    });
    watcher.on("error", () => watcher?.close());
  } catch {
    // Polling is enough.
  }
  const timer = setInterval(() => void look(), POLL_MS);
  timer.unref();
  void look();
  return () => {
    ended = true;
    clearInterval(timer);
    watcher?.close();
  };
}
