import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { parseJson } from "../../../problems/json-lines.js";
import { readLines } from "../../../problems/lines.js";
import { plain } from "../../../problems/names.js";
import { ErrataError } from "../../../protocol/types.js";

/** Requests that are kept track of: about 100 bytes of memory each. */
const MOST = 2_000_000;

/** Mostly it comes first, and nothing else of a long line needs to be parsed. */
const FIRST_KEY = /^\s*\{\s*"custom_id"\s*:\s*"([^"\\]*)"/;

/**
 * Where each request of a batch stands in its file, by `custom_id`: answers come in any order, and a file of requests
 * may be larger than the memory.
 */
export class RequestIndex {
  /** Place in `spans`; -1 where two requests of one id say different things. */
  private readonly places = new Map<string, number>();
  /** From and to in bytes, by turns. */
  private readonly spans: number[] = [];

  private constructor(private readonly handle: FileHandle) {}

  /** Reads the file once. Rejects with "bad-import" where it cannot be read, and with the signal's reason. */
  static async open(file: string, signal?: AbortSignal): Promise<RequestIndex> {
    const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`;
      throw bad(`The requests file ${file} ${why}.`, "Name the file that the batch was made from.");
    });
    const index = new RequestIndex(handle);
    try {
      await index.read(file, signal);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return index;
  }

  get size(): number {
    return this.places.size;
  }

  has(id: string): boolean {
    return this.places.has(id);
  }

  /** The request of that id; null: there are two that differ; undefined: there is none. */
  get(id: string): Record<string, unknown> | null | undefined {
    const place = this.places.get(id);
    if (place === undefined || place < 0) return place === undefined ? undefined : null;
    return asObject(parseJson(this.text(place)));
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async read(file: string, signal: AbortSignal | undefined): Promise<void> {
    for await (const { text, bytes } of readLines(file, signal && { signal })) {
      if (text === null || text.trim() === "") continue;
      if (!bytes) throw bad(`${basename(file)} is UTF-16.`, "Save it as UTF-8 and try again.");
      const first = FIRST_KEY.exec(text)?.[1]?.trim();
      // A copy: a part of a text keeps all of it in memory.
      const id = first ? Buffer.from(first).toString() : plain(asObject(parseJson(text))?.custom_id);
      if (id === undefined) continue;
      const earlier = this.places.get(id);
      if (earlier === undefined) {
        this.places.set(id, this.spans.length);
        this.spans.push(...bytes);
      } else if (earlier >= 0 && this.text(earlier) !== text) this.places.set(id, -1);
      if (this.places.size > MOST) {
        throw bad(
          `${basename(file)} has more than ${MOST} requests.`,
          "Split the batch and import it in parts.",
        );
      }
    }
  }

  /** At once and not in turn: a line's few bytes are mostly in the system's memory, and waiting costs more than reading. */
  private text(place: number): string {
    const [from = 0, to = 0] = this.spans.slice(place, place + 2);
    const buffer = Buffer.alloc(to - from);
    const bytesRead = readSync(this.handle.fd, buffer, 0, buffer.length, from);
    return buffer
      .toString("utf8", 0, bytesRead)
      .replace(/^\ufeff/, "")
      .replace(/\r$/, "");
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Error)
    ? (value as Record<string, unknown>)
    : undefined;
}

const bad = (message: string, hint: string): ErrataError => new ErrataError(message, hint, "bad-import");
