import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * What a window comes back to, in a file of the workspace's own storage. The extension host writes it by itself, as
 * often as it changes: what goes through the window (`workspaceState`) is lost with a window that closes in the same
 * moment, and is laid down by the thread that paints.
 */
export class KeptFile<Kept extends object> {
  private last = "";
  private waiting: string | undefined;
  private writing: Promise<void> | undefined;

  /** `file` is undefined in a window without a folder, which has no pool to review either. */
  constructor(
    private readonly file: string | undefined,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** What was left; undefined where there was nothing, or where it cannot be read. */
  async read(): Promise<Partial<Kept> | undefined> {
    if (!this.file) return undefined;
    try {
      const kept: unknown = JSON.parse(await readFile(this.file, "utf8"));
      return kept && typeof kept === "object" ? kept : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.failed(error);
      return undefined;
    }
  }

  /** Only where it changed; changes that come faster than the disk leave the newest. Resolves once nothing waits. */
  write(now: Kept): Promise<void> {
    const text = JSON.stringify(now);
    if (this.file && text !== this.last) {
      this.last = text;
      this.waiting = text;
      this.writing ??= this.drain(this.file);
    }
    return this.writing ?? Promise.resolve();
  }

  private async drain(file: string): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true });
      for (let text = this.waiting; text !== undefined; text = this.waiting) {
        this.waiting = undefined;
        // A file that is half written when the host ends would lose it altogether.
        await writeFile(`${file}.part`, text);
        await rename(`${file}.part`, file);
      }
    } catch (error) {
      this.failed(error);
    } finally {
      // Here, not once the promise is settled: what is written in between would wait for ever.
      this.writing = undefined;
    }
  }
}
