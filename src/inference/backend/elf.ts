import { open } from "node:fs/promises";

/** ELF-64 numbers used here: program header types and dynamic section tags (System V ABI, chapter 5). */
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

/**
 * The shared libraries that a library asks the loader for, by name ("libcublas.so.13"): its DT_NEEDED entries. Reads
 * the headers alone, so a library of gigabytes costs nothing. Empty for a file that is no little-endian 64-bit ELF.
 */
export async function neededLibraries(file: string): Promise<string[]> {
  const handle = await open(file);
  const read = async (at: number, length: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
    return buffer.subarray(0, bytesRead);
  };
  try {
    const header = await read(0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header.readUInt16LE(4) !== 0x0102)
      return [];
    const size = header.readUInt16LE(54);
    const table = await read(Number(header.readBigUInt64LE(32)), size * header.readUInt16LE(56));
    const segments = Array.from({ length: Math.floor(table.length / size) }, (_, i) => {
      const entry = table.subarray(i * size, (i + 1) * size);
      const number = (at: number) => Number(entry.readBigUInt64LE(at));
      return { type: entry.readUInt32LE(0), offset: number(8), address: number(16), bytes: number(32) };
    });
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
    if (!dynamic) return [];
    const entries = await read(dynamic.offset, dynamic.bytes);
    const pairs = Array.from({ length: Math.floor(entries.length / 16) }, (_, i) => ({
      tag: Number(entries.readBigInt64LE(16 * i)),
      value: Number(entries.readBigUInt64LE(16 * i + 8)),
    }));
    const address = pairs.find(({ tag }) => tag === DT_STRTAB)?.value;
    const holder = segments.find(
      ({ type, ...s }) =>
        type === PT_LOAD && address !== undefined && address >= s.address && address < s.address + s.bytes,
    );
    if (address === undefined || !holder) return [];
    const strings = holder.offset + address - holder.address;
    const names = pairs.filter(({ tag }) => tag === DT_NEEDED);
    return await Promise.all(
      names.map(async ({ value }) => {
        const text = await read(strings + value, 256);
        return text.toString("latin1", 0, text.indexOf(0));
      }),
    );
  } finally {
    await handle.close();
  }
}
