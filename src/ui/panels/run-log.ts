import { open } from "node:fs/promises";

/** Bytes at the end of `log.txt` that are shown: some hundred lines. */
const TAIL = 24_000;

/** Follows the end of a log for as long as it is looked at. */
export class LogTail {
  private size = -1;

  /** Its end, when it has changed since the last call; null otherwise. A log that is not there is empty. */
  async changed(file: string): Promise<string | null> {
    const handle = await open(file, "r").catch(() => null);
    if (!handle) return this.size === 0 ? null : this.empty();
    try {
      const { size } = await handle.stat();
      if (size === this.size) return null;
      this.size = size;
      const bytes = Buffer.alloc(Math.min(size, TAIL));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
      return plain(bytes.toString("utf8", 0, bytesRead), size > TAIL);
    } finally {
      await handle.close();
    }
  }

  /** The next call tells the end again. */
  forget(): void {
    this.size = -1;
  }

  private empty(): string {
    this.size = 0;
    return "";
  }
}

/** What a terminal would show: of a line that was written over (progress bars), its last state; no colours. */
function plain(text: string, cut: boolean): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of terminals begin with one
  const lines = text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, "").split("\n");
  if (cut) lines.shift();
  return lines.map((line) => line.replace(/\r$/, "").split("\r").at(-1) ?? "").join("\n");
}
