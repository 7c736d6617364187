import type { Connection } from "./sqlite.js";

/** What one piece should take, in milliseconds: an abort waits so long at most. */
const PIECE_MS = 100;

interface Range {
  after?: number;
  signal?: AbortSignal;
  progress?: (share: number) => void;
  /** Gives up after so many milliseconds. */
  withinMs?: number;
}

/**
 * Goes through the pool by ranges (from, to] of problem ids, as many at a time as are read in some 100 ms, so that
 * others who use the connection get their turn between two of them. Rejects with the signal's reason.
 * @param work returns true when it has enough
 */
export async function inPieces(
  db: Connection,
  work: (from: number, to: number) => Promise<boolean>,
  { after = 0, signal, progress, withinMs = Number.POSITIVE_INFINITY }: Range,
): Promise<void> {
  const last = Number((await db.get("SELECT max(id) AS id FROM problems"))?.id ?? 0);
  const end = performance.now() + withinMs;
  let size = 64;
  for (let from = after; from < last && performance.now() < end; ) {
    signal?.throwIfAborted();
    const begun = performance.now();
    const to = Math.min(from + size, last);
    if (await work(from, to)) return;
    const taken = performance.now() - begun;
    size = Math.ceil(size * Math.min(4, Math.max(0.25, PIECE_MS / Math.max(taken, 1))));
    from = to;
    progress?.(from / last);
  }
}
