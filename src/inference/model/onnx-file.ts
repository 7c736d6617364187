import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { decodeModel, externalData, type OnnxModel } from "./onnx.js";
import { protobuf } from "./protobuf.js";

/** Weights of this many bytes stay in the file. */
const LARGE = 1 << 16;
/** Bytes read at once: a new window is opened after each weight that is skipped. */
const WINDOW = 1 << 16;
/** Numbers of the fields that lead to weights: ModelProto.graph, GraphProto.initializer, TensorProto.raw_data. */
const GRAPH = 7;
const INITIALIZER = 5;
const RAW_DATA = 9;
/** Kinds of protobuf fields: a number of 8 bytes, a length and as many bytes, a number of 4 bytes; else a varint. */
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/**
 * Reads a model without the large weights inside its file: they become external data that lies in this very file, so
 * that a graph of gigabytes is scanned in milliseconds and neither copied nor held in memory. Weights in data files are
 * only referred to anyway. Throws when the file is no ONNX model.
 */
export async function readModel(file: string): Promise<OnnxModel> {
  const handle = await open(file);
  try {
    const reader = new FileReader(handle, (await handle.stat()).size);
    const parts: Uint8Array[] = [];
    for await (const field of reader.fields(0, reader.size))
      if (field.number === GRAPH && field.kind === DELIMITED)
        parts.push(...delimited(GRAPH, await readGraph(reader, field, basename(file))));
      else parts.push(await reader.copy(field));
    return decodeModel(Buffer.concat(parts));
  } finally {
    await handle.close();
  }
}

interface Field {
  number: number;
  kind: number;
  /** With its tag. */
  start: number;
  /** Of what it holds. */
  at: number;
  end: number;
}

async function readGraph(reader: FileReader, graph: Field, location: string): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const field of reader.fields(graph.at, graph.end))
    if (field.number === INITIALIZER && field.end - field.at >= LARGE)
      parts.push(...delimited(INITIALIZER, await readTensor(reader, field, location)));
    else parts.push(await reader.copy(field));
  return parts;
}

async function readTensor(reader: FileReader, tensor: Field, location: string): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  let moved: Uint8Array | undefined;
  for await (const field of reader.fields(tensor.at, tensor.end))
    if (field.number === RAW_DATA && field.end - field.at >= LARGE)
      moved = externalData(location, field.at, field.end - field.at);
    else parts.push(await reader.copy(field));
  // At the end: it overrides what the tensor said of where its data lies.
  return moved ? [...parts, moved] : parts;
}

/** A field of a message that is made of parts. */
function delimited(number: number, parts: Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = protobuf()
    .Writer.create()
    .uint32((number << 3) | DELIMITED)
    .uint32(length);
  return [head.finish(), ...parts];
}

/** Reads pieces of a file, mostly one after the other, through a window. */
class FileReader {
  private window = Buffer.alloc(0);
  private offset = 0;

  constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  async copy({ start, end }: Field): Promise<Uint8Array> {
    return Uint8Array.from(await this.bytes(start, end));
  }

  /** Valid until the next call. */
  private async bytes(start: number, end: number): Promise<Buffer> {
    if (start < this.offset || end > this.offset + this.window.length) {
      const buffer = Buffer.alloc(Math.min(Math.max(WINDOW, end - start), this.size - start));
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, start);
      this.window = buffer.subarray(0, bytesRead);
      this.offset = start;
      if (end > start + bytesRead) throw new Error("The file ends too early");
    }
    return this.window.subarray(start - this.offset, end - this.offset);
  }

  async *fields(from: number, to: number): AsyncGenerator<Field> {
    for (let start = from; start < to; ) {
      const head = protobuf().Reader.create(await this.bytes(start, Math.min(to, start + 20)));
      const tag = head.uint32();
      const kind = tag & 7;
      let length = kind === FIXED64 ? 8 : kind === FIXED32 ? 4 : 0;
      if (kind === DELIMITED) length = Number(head.uint64());
      else if (kind === 0) head.uint64();
      else if (length === 0) throw new Error(`The file has a field of kind ${kind}`);
      const at = start + head.pos;
      const end = at + length;
      if (end > to) throw new Error("The file ends too early");
      yield { number: tag >>> 3, kind, start, at, end };
      start = end;
    }
  }
}
