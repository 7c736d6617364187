import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { ErrataError } from "../../protocol/types.js";
import { TooMuch, unpackZstd } from "./zstd.js";

/** Unpacked bytes of one member, as it declares them and as they really are. */
export const LARGEST_MEMBER = 256 << 20;
/** Members of one archive: their names are held. */
const MOST_MEMBERS = 500_000;
const [STORED, DEFLATED, ZSTD] = [0, 8, 93];

export interface ZipMember {
  name: string;
  /** Unpacked, as the archive declares it. Bytes. */
  size: number;
  /** How much of the archive lies before it, 0..1. */
  at: number;
}

/**
 * A zip archive whose members are read one at a time, stored, deflated or packed with zstd (method 93, one frame or
 * several): APPNOTE.TXT 4.4.5, RFC 8878. A member beyond `LARGEST_MEMBER` is refused by what it declares and, where it
 * lies about that, as soon as more comes out of it.
 */
export class ZipArchive {
  private constructor(
    private readonly file: string,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** Rejects with "bad-import" where the archive is cut off, damaged or no zip. Close it when done. */
  static async open(file: string): Promise<ZipArchive> {
    const zip = await openPromise(file, { autoClose: false, lazyEntries: true }).catch((error: unknown) => {
      throw bad(file, `is a zip archive that was cut off or is damaged (${told(error)})`);
    });
    try {
      if (zip.entryCount > MOST_MEMBERS) throw bad(file, `has more than ${MOST_MEMBERS} members`);
      const entries = new Map<string, Entry>();
      // Of a name that was written twice the last one counts: so do the tools that append to an archive read it.
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
      return new ZipArchive(file, zip, entries);
    } catch (error) {
      zip.close();
      throw error instanceof ErrataError ? error : bad(file, `has a damaged index (${told(error)})`);
    }
  }

  /** In the order of the archive. */
  members(): ZipMember[] {
    return [...this.entries.values()].map((entry) => ({
      name: entry.fileName,
      size: entry.uncompressedSize,
      at: entry.relativeOffsetOfLocalHeader / Math.max(1, this.zip.fileSize),
    }));
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** A member's bytes; rejects with "bad-import", which names it, where it cannot be read whole. */
  async read(name: string): Promise<Buffer> {
    const entry = this.entries.get(name);
    if (!entry) throw bad(this.file, `has no member ${name}`);
    const wrong = (what: string): ErrataError =>
      bad(this.file, `has a member ${name.slice(0, 200)} that ${what}`);
    if (entry.isEncrypted()) throw wrong("is encrypted");
    if (entry.uncompressedSize > LARGEST_MEMBER) throw wrong(TOO_LARGE);
    if (![STORED, DEFLATED, ZSTD].includes(entry.compressionMethod)) {
      throw wrong(`is packed with method ${entry.compressionMethod}, which Errata does not know`);
    }
    try {
      const packed = await this.zip.openReadStreamPromise(entry, { decodeFileData: false });
      const bytes = await unpack(packed, entry);
      if (bytes.length !== entry.uncompressedSize) throw wrong("holds less than it declares");
      // Node has it from 20.15 on.
      if (typeof crc32 === "function" && crc32(bytes) !== entry.crc32)
        throw wrong("is damaged (its checksum differs)");
      return bytes;
    } catch (error) {
      if (error instanceof ErrataError) throw error;
      throw wrong(
        error instanceof TooMuch ? "holds more than it declares" : `cannot be unpacked (${told(error)})`,
      );
    }
  }

  close(): void {
    this.zip.close();
  }
}

const TOO_LARGE = `is larger than ${LARGEST_MEMBER >> 20} MB`;

async function unpack(
  packed: AsyncIterable<Buffer>,
  { compressionMethod, uncompressedSize }: Entry,
): Promise<Buffer> {
  if (compressionMethod === ZSTD) return unpackZstd(await joined(packed, LARGEST_MEMBER), uncompressedSize);
  if (compressionMethod === STORED) return joined(packed, uncompressedSize);
  const inflate = createInflateRaw();
  // Waiting for both: an error of either end is the error of the whole.
  const [bytes] = await Promise.all([joined(inflate, uncompressedSize), pipeline(packed, inflate)]);
  return bytes;
}

async function joined(source: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > most) throw new TooMuch();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const told = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 160);

function bad(file: string, what: string): ErrataError {
  return new ErrataError(
    `${basename(file)} ${what}.`,
    "Copy or write it again. What came before may be imported; a whole file goes on from there.",
    "bad-import",
  );
}
