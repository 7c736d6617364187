import type { AnnotationKind, AnnotationTarget, AnnotationValue } from "../protocol/types.js";
import type { Entry, Removed } from "./queue.js";

/** What undo takes back: a word (what stood before it is said again), or a skip. */
export interface Done {
  entry: Entry;
  /** As a noun ("rating 4"). */
  words: string;
  write?: { target: AnnotationTarget; targetId: number; value: AnnotationValue; pass: 1 | 2 };
  /** Attempts that left the pool with it, and come back with the undo. */
  left?: number;
  /** What the queue lost when the reader went on. */
  removed?: Removed;
}

/** How far back a person can go. */
const DEPTH = 1000;

/** What was done in this sitting, across items. */
export class History {
  private readonly done: Done[] = [];

  push(done: Done): void {
    this.done.push(done);
    if (this.done.length > DEPTH) this.done.shift();
  }

  pop(): Done | undefined {
    return this.done.pop();
  }

  get last(): Done | undefined {
    return this.done.at(-1);
  }

  lastOf(kind: AnnotationKind): Done | undefined {
    return this.done.findLast((done) => done.write?.value.kind === kind);
  }

  get length(): number {
    return this.done.length;
  }
}
