import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportPool } from "../../src/exchange/export.js";
import { safeName } from "../../src/exchange/file-name.js";
import { packFloat } from "../../src/exchange/lines.js";
import { exported } from "./exchange.fixture.js";
import { fill, open, workspace } from "./pool.fixture.js";

test("nothing is overwritten unless asked for, and then only by a whole file", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CCIIIIII"]);
  const folder = workspace();
  const file = join(folder, "kto.jsonl");
  writeFileSync(file, "precious");
  await expect(exportPool(pool, { format: "kto", file })).rejects.toMatchObject({ code: "exists" });
  // Not what lies beside it either, and not through a link.
  writeFileSync(join(folder, "pb.jsonl.provenance.jsonl"), "precious, too");
  await expect(
    exportPool(pool, { format: "processbench", file: join(folder, "pb.jsonl") }),
  ).rejects.toMatchObject({
    code: "exists",
  });
  symlinkSync(join(folder, "nowhere"), join(folder, "link.jsonl"));
  await expect(exportPool(pool, { format: "kto", file: join(folder, "link.jsonl") })).rejects.toMatchObject({
    code: "exists",
  });
  expect(readFileSync(file, "utf8")).toBe("precious");
  expect(readdirSync(folder).sort()).toEqual(["kto.jsonl", "link.jsonl", "pb.jsonl.provenance.jsonl"]);
  await exportPool(pool, { format: "kto", file, overwrite: true });
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(9);
});

test("what appears in its place while the export goes on is kept", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CCIIIIII"]);
  const folder = workspace();
  const file = join(folder, "out.jsonl");
  const race = exportPool(pool, { format: "processbench", file }, () =>
    writeFileSync(file, "somebody else's"),
  );
  await expect(race).rejects.toMatchObject({ code: "exists" });
  expect(readFileSync(file, "utf8")).toBe("somebody else's");
  expect(readdirSync(folder)).toEqual(["out.jsonl"]);
});

test.each(["kto", "jsonl", "parquet", "label-studio"] as const)(
  "%s: a stopped export leaves nothing",
  async (format) => {
    const pool = await open(workspace());
    await fill(
      pool,
      Array.from({ length: 30 }, () => "CCIIIIII"),
    );
    const folder = workspace();
    const stop = new AbortController();
    const job = { format, file: join(folder, "out") };
    const stopped = exportPool(pool, job, ({ done }) => done >= 100 && stop.abort(), stop.signal);
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(readdirSync(folder)).toEqual([]);
  },
);

test("places that cannot be written are named", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CI"]);
  const folder = workspace();
  mkdirSync(join(folder, "sub"));
  const to = (file: string, overwrite = false) =>
    exportPool(pool, { format: "kto", file: join(folder, file), overwrite });
  await expect(to("none/out.jsonl")).rejects.toMatchObject({ code: "no-folder" });
  await expect(to("sub")).rejects.toMatchObject({ code: "exists" });
  await expect(to("sub", true)).rejects.toMatchObject({ code: "exists" });
  await expect(to("x".repeat(300))).rejects.toMatchObject({ code: "bad-name" });
  expect(readdirSync(folder)).toEqual(["sub"]);
});

test("an empty pool, and a selection of nothing, are files without rows", async () => {
  const pool = await open(workspace());
  for (const format of ["sft", "label-studio", "jsonl", "parquet"] as const) {
    const { result } = await exported(pool, format);
    expect(result).toMatchObject({ rows: 0, skipped: {} });
    expect(existsSync(result.file)).toBe(true);
  }
  await fill(pool, ["CCIIIIII"]);
  expect((await exported(pool, "kto", { selection: { ids: [] } })).text).toBe("");
});

test("what is written while an export goes on is not in it", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(
    pool,
    Array.from({ length: 40 }, () => "CCIIIIII"),
  );
  const last = attemptIds.at(-1)?.[0] ?? -1;
  const file = join(workspace(), "out.jsonl");
  let writing: Promise<unknown> | undefined;
  const result = await exportPool(pool, { format: "kto", file }, () => {
    writing ??= pool.annotate("attempt", last, "ann", { kind: "verdict", value: "unscored" });
  });
  await writing;
  expect(result).toMatchObject({ rows: 320, skipped: {} });
  expect((await exported(pool, "kto")).result).toMatchObject({ rows: 319, skipped: { unscored: 1 } });
});

test("a file's own rights are those of any new file", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CI"]);
  const folder = workspace();
  writeFileSync(join(folder, "plain"), "");
  const { result } = await exported(pool, "kto", { file: join(folder, "out") });
  expect(statSync(result.file).mode).toBe(statSync(join(folder, "plain")).mode);
});

test.each([
  ["math-500", "math-500"],
  ["../../etc/passwd", "etc-passwd"],
  ["/etc/passwd\u0000.jsonl", "etc-passwd-.jsonl"],
  ["..", "errata"],
  ["", "errata"],
  [".hidden", "hidden"],
  ["a\u202egpj.exe", "a-gpj.exe"],
  ["con", "_con"],
  ["LPT1.jsonl", "_LPT1.jsonl"],
  ["Ωμέγα 漢字", "Ωμέγα-漢字"],
  ["C:\\Windows\\x", "C-Windows-x"],
  ["a\nb$(rm -rf ~)`x`;|&", "a-b-rm-rf-x"],
  ["x".repeat(500), "x".repeat(80)],
  ["name. . .", "name"],
])("the name %j becomes %j", (name, safe) => {
  expect(safeName(name)).toBe(safe);
  expect(safeName(safeName(name))).toBe(safe);
});

test("log-probabilities come back bit for bit", () => {
  const bits = new DataView(new ArrayBuffer(4));
  let seed = 7;
  for (let n = 0; n < 20_000; n++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    bits.setUint32(0, seed);
    const value = bits.getFloat32(0);
    const back = Number(JSON.parse(JSON.stringify(packFloat(value))));
    expect(Object.is(Math.fround(back), value) || Number.isNaN(value), String(value)).toBe(true);
  }
  for (const value of [0, -0, Number.NEGATIVE_INFINITY, Number.NaN, -0.5]) {
    expect(Object.is(Math.fround(Number(packFloat(value))), value)).toBe(true);
  }
  expect(packFloat(Math.fround(-0.1))).toBe(-0.1);
});
