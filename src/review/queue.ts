import { setImmediate } from "node:timers/promises";
import type { Repeats } from "./repeats.js";

/** A place of the queue: an attempt, read for the first time or once more. */
export interface Entry {
  attemptId: number;
  again: boolean;
}

/** A place that is kept for an attempt that comes back, until it is reached. */
const OPEN = 0;
const codeOf = ({ attemptId, again }: Entry): number => (again ? -attemptId : attemptId);
const entryOf = (code: number): Entry => ({ attemptId: Math.abs(code), again: code < 0 });

/** After so many attempts of a long list something else may happen. */
const BREATH = 100_000;

/** A queue's places as they will be. */
export interface Plan {
  codes: number[];
}

/** What was taken out of the queue, to be put back. */
export interface Removed {
  places: { index: number; code: number }[];
}

/**
 * The order in which attempts are read, and where the reader is. A million entries are one array of numbers: an id, a
 * negative id for an attempt that comes back unseen, 0 for a place that is kept for one.
 */
export class Queue {
  private codes: number[] = [];
  /** Of what is shown; when that stands outside, of what was shown before it. -1 before the first. */
  private at = -1;
  private outside = true;
  /** The furthest place that was shown: up to here the queue stays as it is, whatever becomes of the pool. */
  private reach = -1;

  constructor(public repeats: Repeats) {}

  /** 1-based; null outside the queue. */
  get position(): number | null {
    return this.outside ? null : this.at + 1;
  }

  get total(): number {
    return this.codes.length;
  }

  /** The places of these attempts, and those that are kept among them; a long list lets other work in between. */
  async plan(ids: readonly number[], shown: Entry | null): Promise<Plan> {
    const start = shown === null ? 0 : ids.indexOf(shown.attemptId);
    return { codes: await this.withPlaces(ids, Math.max(0, start)) };
  }

  /** Begins anew with these places; what is shown is found again, or goes first when `keep` is set. */
  fill({ codes }: Plan, shown: Entry | null, keep: boolean): void {
    this.codes = codes;
    this.at = -1;
    this.reach = -1;
    this.outside = true;
    if (!shown) return;
    if (!this.place(shown) && keep) {
      this.codes.unshift(codeOf(shown));
      this.place(shown);
    }
  }

  /** The pool changed: what was read stays where it is, what is still to come is what there is now. */
  renew({ codes }: Plan): void {
    let end = this.reach + 1;
    // What comes back right after it belongs to it.
    while ((this.codes[end] ?? 1) <= OPEN) end++;
    const head = this.codes.slice(0, end);
    const read = new Set(head);
    let kept = true;
    const rest = codes.filter((code) => {
      // A kept place goes with the attempt before it.
      if (code > OPEN) kept = !read.has(code);
      return kept && !(code < OPEN && read.has(code));
    });
    this.codes = head.concat(rest);
  }

  clear(): void {
    this.fill({ codes: [] }, null, false);
  }

  /** Makes this what is shown; false where it stands outside the queue. */
  place(entry: Entry): boolean {
    const code = codeOf(entry);
    const near = [this.at, this.at + 1, this.at - 1].find((i) => i >= 0 && this.codes[i] === code);
    const index = near ?? this.codes.indexOf(code);
    this.outside = index < 0;
    if (index >= 0) {
      this.at = index;
      this.reach = Math.max(this.reach, index);
    }
    return index >= 0;
  }

  /**
   * The entry `by` places from what is shown; from outside the queue, from where it was left. Kept places on the way
   * are filled, or given up where nothing can come back yet.
   */
  peek(by: number): Entry | undefined {
    const steps = by < 0 && this.outside ? by + 1 : by;
    const index = steps > 0 ? this.ahead(steps) : this.behind(-steps);
    const code = index === null ? undefined : this.codes[index];
    return code === undefined ? undefined : entryOf(code);
  }

  private ahead(steps: number): number | null {
    let index = this.at;
    for (let left = steps; left > 0; left--) {
      index++;
      while (this.codes[index] === OPEN) this.settle(index);
      if (index >= this.codes.length) return null;
    }
    return index;
  }

  private behind(steps: number): number | null {
    let index = this.at;
    for (let left = steps; left > 0; left--) {
      index--;
      while (this.codes[index] === OPEN) {
        // Passed over without being read: nobody comes back for it.
        this.codes.splice(index, 1);
        this.at--;
        this.reach--;
        index--;
      }
    }
    return index < 0 ? null : index;
  }

  /** Fills a kept place, or gives it up. */
  private settle(index: number): void {
    const repeat = this.repeats.choose(Math.abs(this.codes[index - 1] ?? 0));
    if (repeat) this.codes[index] = -repeat.attemptId;
    else this.codes.splice(index, 1);
  }

  /** Takes attempts out, whichever way they are read. */
  remove(attemptIds: ReadonlySet<number>): Removed {
    const places = [...attemptIds]
      .flatMap((id) => [id, -id])
      .map((code) => ({ index: this.codes.indexOf(code), code }))
      .filter(({ index }) => index >= 0)
      .sort((a, b) => a.index - b.index);
    for (const { index } of places.toReversed()) this.codes.splice(index, 1);
    const before = places.filter(({ index }) => index <= this.at).length;
    this.at -= before;
    this.reach = Math.max(this.at, this.reach - before);
    return { places };
  }

  restore({ places }: Removed): void {
    for (const { index, code } of places) {
      if (this.codes.includes(code)) continue;
      this.codes.splice(Math.min(index, this.codes.length), 0, code);
      if (index <= this.at) this.at++;
      if (index <= this.reach) this.reach++;
    }
  }

  /** Keeps places among the attempts from `start` on, and those that were filled before. */
  private async withPlaces(ids: readonly number[], start: number): Promise<number[]> {
    const filled = new Map(this.repeats.all.map((repeat) => [repeat.after, repeat.attemptId]));
    if (this.repeats.fraction === 0 && filled.size === 0) return [...ids];
    const codes: number[] = [];
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index] ?? 0;
      if (index % BREATH === BREATH - 1) await setImmediate();
      codes.push(id);
      const again = filled.get(id);
      if (again !== undefined) codes.push(-again);
      else if (index >= start && this.repeats.mayFollow(id, index - start)) codes.push(OPEN);
    }
    return codes;
  }
}
