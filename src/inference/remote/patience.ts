import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./http.js";

/** Tries of one request without anything coming of it: a minute and a half, in which most servers start again. */
export const TRIES = 10;
const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Waits between tries: exponential, with jitter so that requests which failed together do not come back together (Full
 * Jitter, M. Brooker, "Exponential Backoff and Jitter", AWS 2015, here over the upper half). A server that says when
 * to come back is believed, and then nothing at all is sent to it before that.
 */
export class Patience {
  private quietUntil = 0;

  constructor(private readonly firstMs = FIRST_MS) {}

  /** Before any request. */
  async turn(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const left = this.quietUntil - Date.now();
      if (left <= 0) return;
      await sleep(left, undefined, { signal });
    }
  }

  /** After the `failed`-th failure in a row (1, 2, …). Resolves with how long it waited, in ms. */
  async wait(fault: Fault, failed: number, signal?: AbortSignal): Promise<number> {
    const { afterMs } = fault.more;
    if (afterMs !== undefined) {
      this.quietUntil = Math.max(this.quietUntil, Date.now() + afterMs);
      await this.turn(signal);
      return afterMs;
    }
    const most = Math.min(this.firstMs * 2 ** (failed - 1), LONGEST_MS);
    const ms = most * (0.5 + Math.random() / 2);
    await sleep(ms, undefined, { signal });
    return ms;
  }
}
