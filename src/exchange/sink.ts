import { randomBytes } from "node:crypto";
import { type FileHandle, link, lstat, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ErrataError } from "../protocol/types.js";

/** Bytes that are gathered before they are written. */
const BUFFER = 1 << 20;

/**
 * A file that is there when it is whole, or not at all: written beside its place under another name and moved when it is
 * done. Nothing is overwritten unless asked for, not even what appears in the meantime.
 */
export class OutFile {
  private pieces: Buffer[] = [];
  private size = 0;

  private constructor(
    readonly file: string,
    private readonly part: string,
    private readonly handle: FileHandle,
    private readonly overwrite: boolean,
  ) {}

  /** Rejects with "exists", or "no-folder" where there is no folder to write to. */
  static async create(file: string, overwrite: boolean): Promise<OutFile> {
    if (!overwrite && (await lstat(file).catch(() => null))) throw exists(file);
    const part = join(
      dirname(file),
      `.${basename(file).slice(0, 100)}.${randomBytes(4).toString("hex")}.part`,
    );
    try {
      return new OutFile(file, part, await open(part, "wx"), overwrite);
    } catch (error) {
      throw explain(error, file);
    }
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    // A copy: the caller may go on using its own memory.
    const bytes = Buffer.from(chunk);
    this.pieces.push(bytes);
    this.size += bytes.length;
    if (this.size >= BUFFER) await this.flush();
  }

  /** Puts the file in its place. */
  async commit(): Promise<void> {
    try {
      await this.flush();
      await this.handle.sync();
      await this.handle.close();
      if (this.overwrite) await rename(this.part, this.file);
      else await place(this.part, this.file);
    } catch (error) {
      await this.discard();
      throw explain(error, this.file);
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await unlink(this.part).catch(() => undefined);
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.concat(this.pieces);
    this.pieces = [];
    this.size = 0;
    try {
      await this.handle.writeFile(bytes);
    } catch (error) {
      throw explain(error, this.file);
    }
  }
}

/** A hard link refuses to replace a file, which a rename does not; file systems without links have only the latter. */
async function place(part: string, file: string): Promise<void> {
  try {
    await link(part, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw exists(file);
    if (await lstat(file).catch(() => null)) throw exists(file);
    await rename(part, file);
    return;
  }
  await unlink(part);
}

function exists(file: string): ErrataError {
  return new ErrataError(
    `${file} exists already.`,
    "Choose another name, or say that it may be replaced (--force on the command line).",
    "exists",
  );
}

function explain(error: unknown, file: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new ErrataError(
        `The disk is full: ${file} could not be written.`,
        "Free some space, or choose another disk. Nothing half was left behind, and the pool is as it was.",
        "disk-full",
      );
    case "ENOENT":
    case "ENOTDIR":
      return new ErrataError(
        `There is no folder ${dirname(file)}.`,
        "Make it first, or choose another place.",
        "no-folder",
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new ErrataError(
        `${file} cannot be written.`,
        "Check the folder's permissions, or choose another place.",
        "read-only",
      );
    case "EISDIR":
      return new ErrataError(`${file} is a folder.`, "Name a file in it.", "exists");
    case "ENAMETOOLONG":
      return new ErrataError(`The name ${basename(file)} is too long.`, "Choose a shorter one.", "bad-name");
    default:
      return error;
  }
}
