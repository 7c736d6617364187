import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { against, type Installation, install } from "./cli.fixture.js";

const problems = resolve("demo/problems/train.jsonl");
let errata: Installation;
let workspace: string;

beforeAll(async () => {
  errata = await install();
});
afterAll(() => errata.remove());
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "errata-workspace-"));
  return () => rmSync(workspace, { recursive: true, force: true });
});

const sampling = (limit: number, ...more: string[]) => [
  ...["sample", problems, "--model", "demo-base", "--limit", String(limit), "--max-tokens", "60"],
  ...["--workspace", workspace, "--json", ...more],
];

describe("exit status", () => {
  it.each([
    [["help"], 0],
    [[], 2],
    [["frobnicate"], 2],
    [["sample"], 2],
    [["sample", "a.jsonl"], 2],
    [["pool", "burn"], 2],
    [["grade", "a.jsonl", "b.jsonl"], 2],
    [["pool", "stats", "--workspace", "/nowhere"], 1],
    [["sample", "/nowhere.jsonl", "--model", "demo-base"], 1],
    [["run", "/nowhere.errata.json"], 1],
  ])("of errata %j is %i", async (words, status) => {
    const got = await errata.run(words);
    expect(got.status).toBe(status);
    expect(status === 0 || words.length === 0 ? got.out : got.err).not.toBe("");
    expect(got.err).not.toMatch(/\n {4}at /);
  });

  it("a wrong number is told with its bounds", async () => {
    const { status, err } = await errata.run(["sample", problems, "--model", "m", "--group", "0"]);
    expect(status).toBe(2);
    expect(err).toContain('--group is "0"; it must be a whole number at least 1.');
  });
});

describe("errata sample", () => {
  it("fills a pool; the same again makes nothing, and the answers fit their schemas", async () => {
    const first = await errata.run(sampling(3));
    expect(first.err).toContain("24/24");
    const sampled = JSON.parse(first.out);
    expect(against("sample", sampled)).toBe("");
    expect(sampled).toMatchObject({ made: 24, problems: 3, attempts: 24, backend: "cpu" });
    const again = JSON.parse((await errata.run(sampling(3))).out);
    expect(again).toMatchObject({ made: 0, attempts: 24, backend: null });
    const stats = JSON.parse((await errata.run(["pool", "stats", "--json", "--workspace", workspace])).out);
    expect(against("pool-stats", stats)).toBe("");
    expect(stats).toMatchObject({ problems: 3, attempts: 24, reviewed: 0 });
    expect(stats.correct + stats.incorrect + stats.unscored + stats.truncated).toBe(24);

    const list = await errata.run(["pool", "list", "--all", "--limit", "5", "--workspace", workspace]);
    expect(list.out.trim().split("\n")).toHaveLength(6);
    const shown = await errata.run(["pool", "show", "1", "--workspace", workspace]);
    expect(shown.out).toMatch(/^Solve for \$x\$: .*\n\nAttempt 1 by demo-base: /);
    const copy = join(workspace, "copy.sqlite");
    expect((await errata.run(["pool", "backup", copy, "--workspace", workspace])).status).toBe(0);
    expect(existsSync(copy)).toBe(true);

    const ids = ["--attempts", "1,2", "--model", "demo-base", "--max-tokens", "60"];
    const reflected = await errata.run(["reflect", ...ids, "--workspace", workspace, "--json"]);
    expect(against("reflect", JSON.parse(reflected.out))).toBe("");
    expect(JSON.parse(reflected.out)).toMatchObject({ made: 2, reflections: 2 });
  });

  it("keeps what was done at Ctrl+C, and goes on from there", async () => {
    const child = errata.start(sampling(400));
    const ended = new Promise<number | null>((done) => child.once("close", done));
    let said = "";
    child.stderr?.on("data", (data: Buffer) => {
      said += data;
    });
    const stats = async () =>
      JSON.parse(
        (await errata.run(["pool", "stats", "--json", "--workspace", workspace])).out || '{"attempts":0}',
      );
    await expect
      .poll(async () => (await stats()).attempts, { timeout: 40_000, interval: 300 })
      .toBeGreaterThan(20);
    child.kill("SIGINT");
    expect(await ended).toBe(1);
    expect(said).toContain("what was done is kept");
    const kept = (await stats()).attempts;
    expect(kept).toBeGreaterThan(20);
    expect(kept).toBeLessThan(3200);
    const more = JSON.parse((await errata.run(sampling(1))).out);
    expect(more.attempts).toBe(8);
    expect((await stats()).attempts).toBe(kept + more.made);
  });

  it("reports malformed lines and loads the rest", async () => {
    const file = join(workspace, "set.jsonl");
    writeFileSync(file, '{"problem":"Solve for $x$: $3x-5=-17$","answer":"-4"}\nnot json\n');
    const words = ["sample", file, "--model", "demo-base", "--group", "2", "--max-tokens", "20"];
    const { status, err, out } = await errata.run([...words, "--workspace", workspace, "--json"]);
    expect(status).toBe(0);
    expect(err).toContain("set.jsonl:2 is not JSON");
    expect(JSON.parse(out).attempts).toBe(2);
  });
});

describe("errata grade", () => {
  const lines = '{"gold":"4","answer":"\\\\frac{8}{2}","id":"a"}\n{"gold":"4","answer":"5"}\nno json\n';

  it("judges a file", async () => {
    const file = join(workspace, "pairs.jsonl");
    writeFileSync(file, lines);
    const rows = JSON.parse((await errata.run(["grade", file, "--json"])).out);
    expect(rows).toMatchObject([{ id: "a", equal: true }, { equal: false }, { error: expect.anything() }]);
    const { out } = await errata.run(["grade", file]);
    expect(out.trim().split("\n")).toHaveLength(3);
    expect((await errata.run(["grade", join(workspace, "none.jsonl")])).status).toBe(1);
  });

  it("answers line by line while its input stays open", async () => {
    const child = errata.start(["grade", "--serve"]);
    const replies = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
    for (const [answer, equal] of [
      ["\\frac{8}{2}", true],
      ["5", false],
    ]) {
      child.stdin?.write(`${JSON.stringify({ gold: "4", answer })}\n`);
      expect(JSON.parse((await replies.next()).value ?? "")).toMatchObject({ answer, equal });
    }
    child.stdin?.end();
    expect(await new Promise((done) => child.once("close", done))).toBe(0);
  });
});

describe("errata doctor", () => {
  it("names what is missing and how to mend it", async () => {
    const { out, status } = await errata.run(["doctor", "--json", "--python", "/nowhere/python"]);
    const report = JSON.parse(out);
    expect(against("doctor", report)).toBe("");
    expect(report).toMatchObject({ ok: false, backend: "cpu" });
    expect(status).toBe(1);
    const python = report.checks.find((check: { name: string }) => check.name === "Python");
    expect(python).toMatchObject({ status: "missing", mend: expect.stringContaining("errata setup") });
    expect(python.value).toContain("/nowhere/python");
  });
});

describe("errata compare", () => {
  it("measures both protocols apart, and again makes nothing", async () => {
    const words = ["compare", "demo-base", resolve("demo/model"), resolve("demo/problems/heldout.jsonl")];
    const how = ["--limit", "6", "--group", "4", "--max-tokens", "110", "--workspace", workspace];
    const plain = await errata.run([...words, ...how, "--json"]);
    expect(against("compare", JSON.parse(plain.out))).toBe("");
    expect(JSON.parse(plain.out)).not.toHaveProperty("intrinsic");
    const { out, err } = await errata.run([...words, ...how, "--intrinsic", "--verify", "--lift", "--json"]);
    expect(err).toContain("second looks");
    const found = JSON.parse(out);
    expect(against("compare", found)).toBe("");
    expect(found).toMatchObject({ protocol: "oracle-gated", group: 4, sampling: { seed: 0 } });
    expect(found.intrinsic).toMatchObject({ protocol: "intrinsic", accT1: { a: found.passAt1.a } });
    expect(found.verification.accuracy.a.n).toBe(24 - found.verification.unparsableCount.a);
    expect(found.lift.protocol).toBe("oracle-gated");
    expect(found.passAtK.curve.map(({ k }: { k: number }) => k)).toEqual([1, 2, 4]);
    // The same weights under the same seed: nothing changed, in any figure.
    for (const change of [found.passAt1, found.intrinsic.accT2, found.verification.errorRecall]) {
      expect(change.difference.value).toBe(0);
    }
    const again = await errata.run([...words, ...how, "--intrinsic", "--verify", "--lift"]);
    expect(again.err).not.toContain("loading the model");
    expect(again.out).toMatch(/^intrinsic: every first attempt[\s\S]*^Δ i→c[\s\S]*^error recall/m);
  });

  it("measures two models on the same problems and keeps the answer", async () => {
    const words = ["compare", "demo-base", resolve("demo/model"), resolve("demo/problems/heldout.jsonl")];
    const more = ["--limit", "3", "--group", "4", "--max-tokens", "60", "--workspace", workspace, "--json"];
    const { out, err } = await errata.run([...words, ...more]);
    const comparison = JSON.parse(out || err);
    expect(against("compare", comparison)).toBe("");
    // One model against itself: nothing can have changed.
    expect(comparison).toMatchObject({ fixed: 0, regressed: 0, mcnemarP: 1, group: 4 });
    expect(comparison.passAt1.difference.value).toBe(0);
    expect(comparison.table.both + comparison.table.neither).toBeLessThanOrEqual(3);
    const kept = readdirSync(join(workspace, ".errata", "comparisons"));
    expect(kept).toEqual([expect.stringMatching(/^demo-base-demo-base-[0-9a-f]{8}\.json$/)]);
  });
});
