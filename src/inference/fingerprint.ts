import { createHash } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ModelSource } from "../protocol/types.js";

/** Files that decide what a model answers. */
const DECIDES = /\.(onnx|data|onnx_data|json|jinja)$/;
/** Bytes read at each end of a file: weights of several GB are told apart by these and their size. */
const ENDS = 1 << 20;

/**
 * Tells the model in a folder from another under the same name, so that what one answered is never taken for the
 * other's. 16 hexadecimal digits; of a folder that cannot be read, those of nothing (loading it says why).
 */
export async function modelFingerprint({ folder, endpoint }: ModelSource): Promise<string> {
  const hash = createHash("sha256");
  // What a server has behind a name cannot be told.
  if (endpoint) return hash.update(`${endpoint.url} ${endpoint.model}`).digest("hex").slice(0, 16);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((n) => DECIDES.test(n) && n !== "errata.json").sort()) {
    const file = await open(join(folder, name));
    try {
      const { size } = await file.stat();
      const head = await file.read({ buffer: Buffer.alloc(Math.min(size, ENDS)), position: 0 });
      const tail = await file.read({
        buffer: Buffer.alloc(Math.min(size, ENDS)),
        position: Math.max(0, size - ENDS),
      });
      hash.update(`${name} ${size} `).update(head.buffer).update(tail.buffer);
    } finally {
      await file.close();
    }
  }
  return hash.digest("hex").slice(0, 16);
}
