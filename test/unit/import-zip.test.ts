import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ZipArchive } from "../../src/exchange/import/zip.js";
import { unpackZstd } from "../../src/exchange/import/zstd.js";

const LOGS = join(__dirname, "../fixtures/logs/inspect");

/** One member, with what its headers say; data as they are given. */
function zipOf(name: string, data: Buffer, method: number, size: number, crc: number): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(method, 8);
  local.writeUInt32LE(crc, 14);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(size, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 6);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(crc, 16);
  central.writeUInt32LE(data.length, 20);
  central.writeUInt32LE(size, 24);
  central.writeUInt16LE(name.length, 28);
  const head = Buffer.concat([local, Buffer.from(name), data]);
  const index = Buffer.concat([central, Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(head.length, 16);
  return Buffer.concat([head, index, end]);
}

async function opened(bytes: Buffer): Promise<ZipArchive> {
  const file = join(await mkdtemp(join(tmpdir(), "errata-zip-")), "some.eval");
  await writeFile(file, bytes);
  return ZipArchive.open(file);
}

describe("zip archives", () => {
  it("gives the same bytes of stored, deflated and zstd members, of one frame and of many", async () => {
    const archives = await Promise.all(
      ["log.eval", "deflate.eval", "frames.eval"].map((name) => ZipArchive.open(join(LOGS, name))),
    );
    const [one, ...others] = archives;
    const names = one?.members().map(({ name }) => name) ?? [];
    expect(names).toHaveLength(17);
    for (const name of names) {
      const bytes = await one?.read(name);
      expect(bytes?.length).toBe(one?.members().find((member) => member.name === name)?.size);
      for (const other of others)
        expect((await other.read(name)).equals(bytes ?? Buffer.alloc(0))).toBe(true);
    }
    for (const archive of archives) archive.close();
    const text = Buffer.from("as it is");
    const stored = await opened(zipOf("a.json", text, 0, text.length, crc32(text)));
    expect((await stored.read("a.json")).toString()).toBe("as it is");
    stored.close();
  });

  it("says of a truncated archive what it is, with its name", async () => {
    const whole = await readFile(join(LOGS, "log.eval"));
    for (const share of [0.2, 0.9, 0.999]) {
      await expect(opened(whole.subarray(0, Math.floor(whole.length * share)))).rejects.toMatchObject({
        code: "bad-import",
        message: expect.stringMatching(/^some\.eval is a zip archive that was cut off or is damaged/),
      });
    }
  });

  it("tells a damaged member, and reads the others", async () => {
    for (const name of ["log.eval", "deflate.eval"]) {
      const bytes = Buffer.from(await readFile(join(LOGS, name)));
      const at = bytes.indexOf("samples/apples_epoch_1.json") + 300;
      for (let i = 0; i < 40; i++) bytes[at + i] = 0xaa;
      const archive = await opened(bytes);
      await expect(archive.read("samples/apples_epoch_1.json")).rejects.toMatchObject({
        code: "bad-import",
        message: expect.stringContaining("some.eval has a member samples/apples_epoch_1.json that"),
      });
      expect(JSON.parse((await archive.read("header.json")).toString())).toMatchObject({ status: "success" });
      archive.close();
    }
  });

  it("refuses bombs: by what a member declares, and by what comes out of one that lies", async () => {
    const zeros = Buffer.alloc(8 << 20);
    const packed = deflateRawSync(zeros);
    const honest = await opened(zipOf("a.json", packed, 8, 300 << 20, 0));
    await expect(honest.read("a.json")).rejects.toThrow("is larger than 256 MB");
    const lying = await opened(zipOf("a.json", packed, 8, 1000, 0));
    await expect(lying.read("a.json")).rejects.toThrow("holds more than it declares");
    // A zstd frame of run-length blocks, of which 14 bytes become 256 kB.
    const block = (size: number, last: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUIntLE((size << 3) | 2 | last, 0, 3);
      return bytes;
    };
    const frame = (window: number) =>
      Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window]), block(131072, 0), block(131072, 1)]);
    const zstd = await opened(zipOf("a.json", frame(0x58), 93, 1000, 0));
    await expect(zstd.read("a.json")).rejects.toThrow("holds more than it declares");
    const short = await opened(zipOf("a.json", frame(0x58), 93, 262145, 0));
    await expect(short.read("a.json")).rejects.toThrow("holds less than it declares");
    const odd = await opened(zipOf("a.json", zeros.subarray(0, 9), 12, 9, 0));
    await expect(odd.read("a.json")).rejects.toThrow("is packed with method 12");
    for (const archive of [honest, lying, zstd, short, odd]) archive.close();
  });

  it("allocates no window of a size that a frame makes up", async () => {
    const bytes = await readFile(join(LOGS, "frames.eval"));
    const name = "samples/apples_epoch_1.json";
    const head = bytes.indexOf(name) - 30;
    const from = head + 30 + name.length + bytes.readUInt16LE(head + 28);
    const packed = Buffer.from(bytes.subarray(from, from + bytes.readUInt32LE(head + 18)));
    const size = bytes.readUInt32LE(head + 22);
    expect(JSON.parse(unpackZstd(packed, size).toString())).toMatchObject({ id: "apples" });
    // The first frame of several wants a gigabyte.
    packed[5] = 0xa0;
    expect(() => unpackZstd(packed, size)).toThrow("a zstd window of more than 64 MB");
  });
});
