import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPool } from "../../src/pool/pool.js";
import { type Installation, install } from "./cli.fixture.js";

/**
 * What people really hand over, end to end through the command line: each ends in a message that says what happened
 * and what to do, exit status 1, no stack, and nothing stored is lost or doubled. Bad input that only one part meets
 * is tested beside that part.
 */
const problems = resolve("demo/problems/train.jsonl");
let errata: Installation;
let workspace: string;

beforeAll(async () => {
  errata = await install();
});
afterAll(() => errata.remove());
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "errata-bad-"));
  return () => rmSync(workspace, { recursive: true, force: true });
});

const sample = (file: string, ...more: string[]) => [
  ...["sample", file, "--model", "demo-base", "--max-tokens", "60", "--workspace", workspace],
  ...more,
];

async function refused(words: string[], ...says: (string | RegExp)[]): Promise<void> {
  const { status, err } = await errata.run(words);
  for (const said of says) expect(err).toMatch(said);
  expect(err).not.toMatch(/\n {4}at |undefined|\[object/);
  expect(status).toBe(1);
}

/** Every attempt as stored, in an order that does not depend on when it was made. */
async function attempts(folder: string): Promise<string[]> {
  const pool = await openPool(folder, { readOnly: true });
  try {
    const rows = await pool.attempts({ scope: "all" }, { limit: 10_000 });
    return rows.map((row) => JSON.stringify([row.problemId, row.sample, row.text, row.verdict])).sort();
  } finally {
    await pool.close();
  }
}

describe("problem sets", () => {
  const good = readFileSync(problems, "utf8").split("\n").slice(0, 2);

  it("with malformed lines: each by file and line, the rest is sampled, and again nothing is doubled", async () => {
    const file = join(workspace, "set.jsonl");
    const [first = "", second = ""] = good;
    writeFileSync(
      file,
      `\uFEFF${first}\r\n\r\n{"problem": "cut o\r\n{"problem": "no answer"}\r\n${first}\r\n${second}`,
    );
    const words = sample(file, "--group", "4", "--json");
    const once = await errata.run(words);
    expect(once.status).toBe(0);
    expect(once.err).toContain("set.jsonl:3 is not JSON");
    expect(once.err).toContain("set.jsonl:4 has no answer");
    expect(once.err).toMatch(/set\.jsonl:5 has the id .* of line 1/);
    expect(JSON.parse(once.out)).toMatchObject({ problems: 2, made: 8, attempts: 8 });
    const stored = await attempts(workspace);
    expect(JSON.parse((await errata.run(words)).out)).toMatchObject({ made: 0, attempts: 8 });
    expect(await attempts(workspace)).toEqual(stored);
  });

  it.each([
    ["an empty one", "", /No problem was found in .*set\.jsonl/, /\{"id": "p1", "problem": /],
    [
      "one without a single problem",
      "hello\n[1]\n",
      /set\.jsonl:1 is not JSON/,
      /set\.jsonl:2 is not a JSON object/,
    ],
    [
      "a JSON array that does not end",
      '[{"problem":"P","answer":"1"},\n{"prob',
      /set\.jsonl:2/,
      /make the file again/,
    ],
    ["a JSON array in UTF-16", Buffer.from("\uFEFF[{}]", "utf16le"), /UTF-16/, /Save it as UTF-8/],
  ])("refuses %s, and makes no pool", async (_, content, message, hint) => {
    const file = join(workspace, "set.jsonl");
    writeFileSync(file, content);
    await refused(sample(file), message, hint);
    expect(existsSync(join(workspace, ".errata", "pool.sqlite"))).toBe(false);
  });
});

describe("models", () => {
  it("a folder that is no model is named with what is missing, and makes no pool", async () => {
    const folder = join(workspace, "thesis");
    mkdirSync(folder);
    writeFileSync(join(folder, "chapter.tex"), "no weights here");
    await refused(
      ["sample", problems, "--model", folder, "--workspace", workspace],
      /thesis/,
      /genai_config\.json/,
    );
    await refused(["sample", problems, "--model", "gpt-9", "--workspace", workspace], /gpt-9/);
    expect(existsSync(join(workspace, ".errata", "pool.sqlite"))).toBe(false);
    expect(readdirSync(folder)).toEqual(["chapter.tex"]);
  });

  it("one without trainable weights samples, but a run is refused and nothing is left behind", async () => {
    const folder = join(workspace, "onnx-only");
    mkdirSync(folder);
    for (const file of readdirSync("demo/model", { withFileTypes: true })) {
      if (file.isFile()) cpSync(join("demo/model", file.name), join(folder, file.name));
    }
    const words = [
      "sample",
      problems,
      "--model",
      folder,
      "--group",
      "2",
      "--limit",
      "1",
      "--max-tokens",
      "20",
    ];
    expect((await errata.run([...words, "--workspace", workspace])).status).toBe(0);
    await refused(["run", recipe(folder), "--workspace", workspace], /trainable weights/i);
    expect(JSON.parse((await errata.run(["runs", "--workspace", workspace, "--json"])).out)).toEqual([]);
  });

  it("without Python a run is refused with how to get it, and nothing is left behind", async () => {
    const words = ["run", recipe("demo-base"), "--workspace", workspace, "--python", "/nowhere/python"];
    await refused(words, /\/nowhere\/python does not exist/, /errata setup/);
    expect(JSON.parse((await errata.run(["runs", "--workspace", workspace, "--json"])).out)).toEqual([]);
  });

  function recipe(model: string): string {
    const file = join(workspace, "run.errata.json");
    writeFileSync(file, JSON.stringify({ method: "grpo", model, problems, limit: 4, max_steps: 1 }));
    return file;
  }
});

describe("a pool that is shared or disturbed", () => {
  const words = (limit: number) => sample(problems, "--limit", `${limit}`, "--json");

  async function undisturbed(limit: number): Promise<string[]> {
    const mine = workspace;
    workspace = join(mine, "alone");
    mkdirSync(workspace);
    try {
      expect((await errata.run(words(limit))).status).toBe(0);
      return await attempts(workspace);
    } finally {
      workspace = mine;
    }
  }

  it("two processes that make the same sampling at once store every attempt once, as one alone does", async () => {
    const both = await Promise.all([errata.run(words(12)), errata.run(words(12))]);
    for (const { status, err } of both) expect([status, err]).toEqual([0, expect.any(String)]);
    const stored = await attempts(workspace);
    expect(stored).toHaveLength(96);
    expect(stored).toEqual(await undisturbed(12));
  });

  // Child processes are found through /proc.
  it.runIf(process.platform === "linux")(
    "a worker killed in the middle of sampling costs nothing",
    async () => {
      const child = errata.start(words(96));
      const ended = new Promise<number | null>((done) => child.once("close", done));
      let said = "";
      child.stderr?.on("data", (data: Buffer) => {
        said += data;
      });
      const workers = () => {
        const list = `/proc/${child.pid}/task/${child.pid}/children`;
        return existsSync(list)
          ? readFileSync(list, "utf8").trim().split(" ").filter(Boolean).map(Number)
          : [];
      };
      const stored = async () => (existsSync(join(workspace, ".errata")) ? attempts(workspace) : []);
      await expect
        .poll(async () => (await stored().catch(() => [])).length, { timeout: 40_000, interval: 50 })
        .toBeGreaterThan(8);
      const [worker] = workers();
      if (worker === undefined) throw new Error(`no worker to kill: it had ended already\n${said}`);
      process.kill(worker, "SIGKILL");
      expect((await stored()).length).toBeLessThan(768);
      expect(await ended, said).toBe(0);
      expect(await attempts(workspace)).toEqual(await undisturbed(96));
    },
  );
});
