import { setImmediate } from "node:timers/promises";
import type { PoolNode } from "./nodes.js";
import { type Row, row } from "./rows.js";
import type { Catalogue } from "./shape.js";

/** Rows are worked out for so long at a time: other things of the editor want their turn. Milliseconds. */
const SLICE_MS = 8;

/** What rows say, worked out once for each as long as names stay the same. A page of long texts takes its time. */
export class RowCache {
  private readonly rows = new WeakMap<object, Row>();

  constructor(readonly catalogue: Catalogue) {}

  get(node: PoolNode): Row {
    const key = keyOf(node);
    const known = this.rows.get(key);
    if (known) return known;
    const made = row(node, this.catalogue);
    this.rows.set(key, made);
    return made;
  }

  /** Works out rows that are about to be drawn, a slice at a time. */
  async prepare(nodes: readonly PoolNode[]): Promise<void> {
    let began = performance.now();
    for (const node of nodes) {
      this.get(node);
      if (performance.now() - began < SLICE_MS) continue;
      await setImmediate();
      began = performance.now();
    }
  }
}

/** What a page keeps when nodes are made anew around it. */
function keyOf(node: PoolNode): object {
  return node.type === "problem" || node.type === "bucket" ? node.bucket : node;
}
