import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import type { RunEvent } from "../protocol/events.js";

const TYPES = new Set(["start", "phase", "examples", "metrics", "rollouts", "checkpoint", "alarm", "end"]);
/** File watchers miss changes on network file systems and in some containers: look by ourselves this often. */
const POLL_MS = 1000;

const PIECE = 2 ** 21;

/**
 * Reads `events.jsonl` as it grows. A last line without its end waits for the rest; a malformed line, or one of a
 * type that we do not know, is skipped: one bad write must not hide the run.
 */
export class EventLog {
  private offset = 0;
  /** Bytes read at a time: between two pieces of a long log others have their turn. */
  private piece = PIECE;
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
      if (size < this.offset) this.offset = 0;
      const events: RunEvent[] = [];
      while (this.offset < size) {
        const bytes = Buffer.alloc(Math.min(size - this.offset, this.piece));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, this.offset);
        // Only whole lines are decoded: a cut may fall within a character.
        const end = bytes.subarray(0, bytesRead).lastIndexOf(10) + 1;
        if (end === 0) {
          if (bytes.length < this.piece || bytesRead === 0) break;
          // A line longer than a piece.
          this.piece *= 2;
          continue;
        }
        this.offset += end;
        for (const line of bytes.subarray(0, end).toString("utf8").split("\n")) parseEvent(line, events);
      }
      return events;
    } finally {
      await handle.close();
    }
  }
}

function parseEvent(line: string, into: RunEvent[]): void {
  if (line.trim() === "") return;
  try {
    const event = JSON.parse(line) as RunEvent;
    if (TYPES.has(event?.type) && typeof event.time === "number") into.push(event);
  } catch {
    // Half a line, or another program's.
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
