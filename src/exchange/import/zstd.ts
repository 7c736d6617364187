import { Decompress, decompress } from "fzstd";

/** More comes out than was declared. */
export class TooMuch extends Error {}

/** A frame's window is allocated before anything comes out of it. Bytes. */
const LARGEST_WINDOW = 64 << 20;
const MAGIC = 0xfd2fb528;
const [RLE, COMPRESSED, RESERVED] = [1, 2, 3];

interface Frame {
  bytes: Buffer;
  /** Unpacked, where the frame says so, or its blocks do (they are not packed). */
  size: number | null;
  /** Unpacked, of those blocks that say so. */
  least: number;
  window: number;
  /** The last one. */
  last: boolean;
}

/**
 * Unpacks zstd frames, one or several, into `size` bytes or fewer (RFC 8878). fzstd decodes a frame well, but puts each
 * of several frames at the beginning of an output that it is given, and takes any window that a frame asks for: so the
 * frames are told apart here.
 *
 * Throws `TooMuch` as soon as more comes out, and an Error where the data are damaged.
 */
export function unpackZstd(packed: Buffer, size: number): Buffer {
  const out = Buffer.alloc(size);
  let at = 0;
  for (const frame of framesOf(packed)) {
    if (at + Math.max(frame.least, frame.size ?? 0) > size) throw new TooMuch();
    // Straight into its place, without a window, which is most of the work for a small member. Of a last frame that does
    // not say its size the rest is it: the archive's checksum tells where that is not so.
    if (frame.size !== null || frame.last) {
      const end = frame.size === null ? size : at + frame.size;
      if (end > at) decompress(frame.bytes, out.subarray(at, end));
      at = end;
      continue;
    }
    if (frame.window > LARGEST_WINDOW) throw new Error("a zstd window of more than 64 MB");
    const decoder = new Decompress((piece) => {
      if (at + piece.length > size) throw new TooMuch();
      out.set(piece, at);
      at += piece.length;
    });
    decoder.push(frame.bytes, true);
  }
  return out.subarray(0, at);
}

/** Where each frame begins and ends: RFC 8878, 3.1.1. */
function* framesOf(packed: Buffer): Generator<Frame> {
  let at = 0;
  const need = (to: number): void => {
    if (to > packed.length) throw new Error("the data end within a zstd frame");
  };
  while (at < packed.length) {
    need(at + 8);
    const magic = packed.readUInt32LE(at);
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + packed.readUInt32LE(at + 4);
      need(at);
      continue;
    }
    if (magic !== MAGIC) throw new Error("no zstd frame");
    const start = at;
    const flags = packed[at + 4] ?? 0;
    const single = (flags & 0x20) !== 0;
    const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
    const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
    const sizeAt = at + 5 + (single ? 0 : 1) + dictionary;
    at = sizeAt + sizeBytes;
    need(at);
    const size = sizeBytes === 0 ? null : contentSize(packed, sizeAt, sizeBytes);
    const descriptor = packed[start + 5] ?? 0;
    const base = 2 ** (10 + (descriptor >> 3));
    const window = single ? (size ?? 0) : base + (base / 8) * (descriptor & 7);
    let [least, packedBlocks] = [0, false];
    for (let last = false; !last; ) {
      need(at + 3);
      const header = packed.readUIntLE(at, 3);
      last = (header & 1) === 1;
      const kind = (header >> 1) & 3;
      if (kind === RESERVED) throw new Error("a zstd block of no kind");
      if (kind === COMPRESSED) packedBlocks = true;
      else least += header >> 3;
      at += 3 + (kind === RLE ? 1 : header >> 3);
      need(at);
    }
    if (flags & 4) at += 4;
    need(at);
    yield {
      ...{ bytes: packed.subarray(start, at), least, window, last: at === packed.length },
      size: size ?? (packedBlocks ? null : least),
    };
  }
}

function contentSize(packed: Buffer, at: number, bytes: number): number {
  if (bytes === 1) return packed.readUInt8(at);
  if (bytes === 2) return packed.readUInt16LE(at) + 256;
  if (bytes === 4) return packed.readUInt32LE(at);
  return Number(packed.readBigUInt64LE(at));
}
