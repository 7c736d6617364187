import { basename } from "node:path";
import { beginning } from "../../problems/beginning.js";
import { parquetColumns } from "../../problems/parquet-rows.js";
import type { FileStart } from "./types.js";

/** How much of a file tells what it is. Bytes. */
export const START = 64 * 1024;

/** Rejects with "no-file" where there is none to read. */
export async function readStart(file: string): Promise<FileStart> {
  const { bytes } = await beginning(file, {
    bytes: START,
    called: file,
    advice: "Name a log, a table, or a file that Errata exported.",
  });
  const start = { name: basename(file), bytes, text: textOf(bytes) };
  if (bytes.toString("latin1", 0, 4) !== "PAR1") return start;
  // A file without its end has no names; whoever reads it as Parquet tells why.
  const found = await parquetColumns(file).catch(() => undefined);
  return found ? { ...start, columns: found.columns } : start;
}

function textOf(bytes: Buffer): string {
  const mark = bytes.toString("hex", 0, 2);
  if (mark === "fffe") return new TextDecoder("utf-16le").decode(bytes);
  if (mark === "feff") return new TextDecoder("utf-16be").decode(bytes);
  return bytes.includes(0) ? "" : bytes.toString("utf8").replace(/^\ufeff/, "");
}
