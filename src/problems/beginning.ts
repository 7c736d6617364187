import { open } from "node:fs/promises";
import { ErrataError } from "../protocol/types.js";

/** The first bytes of a file, and its size. Rejects with "no-file", in the words of who asks. */
export async function beginning(
  file: string,
  ask: { bytes: number; called: string; advice: string },
): Promise<{ bytes: Buffer; size: number }> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(ask.bytes), 0, ask.bytes, 0);
      return { bytes: buffer.subarray(0, bytesRead), size: (await handle.stat()).size };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new ErrataError(`${ask.called} ${why}.`, ask.advice, "no-file");
  }
}
