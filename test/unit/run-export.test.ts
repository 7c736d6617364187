import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { alarmWords } from "../../src/protocol/run-alarms.js";
import type { PlotView } from "../../src/protocol/run-panel.js";
import { measuredLines, PLOTS } from "../../src/protocol/run-plots.js";
import { cloneRecipe, nextName } from "../../src/runs/clone.js";
import { csv } from "../../src/ui/panels/run-csv.js";
import { RunData } from "../../src/ui/panels/run-data.js";
import { svg } from "../../src/ui/panels/run-svg.js";
import { sources } from "./house.js";
import { metrics, scrpoStep } from "./run.fixture.js";

const VIEW: PlotView = { axis: "step", smoothing: 0, zoom: null, log: false };
const plot = (id: string) => {
  const found = PLOTS.find((one) => one.id === id);
  if (!found) throw new Error(id);
  return found;
};
const run = (steps: number, name = "scrpo-01") => {
  const data = new RunData();
  data.take(Array.from({ length: steps }, (_, i) => scrpoStep(i + 1)));
  return { name, data };
};

describe("CSV", () => {
  it("has every step of every run, none averaged", () => {
    const lines = csv(plot("accuracy"), [run(5000), run(10, "other")])
      .trim()
      .split("\r\n");
    expect(lines[0]).toBe("run,step,stage,seconds,tokens,first attempts,corrections");
    expect(lines).toHaveLength(1 + 5000 + 10);
    expect(lines[1]).toBe("scrpo-01,1,trial,2,1000,0.5,");
    expect(lines[7]).toBe("scrpo-01,7,correction,14,7000,,0.5");
  });

  it("has all figures when no plot is named, and names that no spreadsheet takes for formulas", () => {
    const [head = "", first = ""] = csv(null, [run(2, '=1+1,"x"')]).split("\r\n");
    expect(head.split(",")).toContain("pool_unique");
    expect(head.split(",").filter((name) => ["type", "time", "elapsed"].includes(name))).toEqual([]);
    expect(first.startsWith(`"'=1+1,""x""",1,trial,`)).toBe(true);
  });
});

describe("SVG", () => {
  it("has axes, both scales, the bands, and a legend", () => {
    const text = svg(plot("pool"), [run(60)], VIEW);
    expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    for (const words of [
      ">Pool<",
      ">step<",
      ">size<",
      ">unique share (right)<",
      ">60<",
      ">256<".replace("256", "200"),
    ])
      expect(text).toContain(words);
    expect(text.match(/<path [^>]*stroke="#0072b2"/g)).toHaveLength(1);
    expect(text.match(/fill="#eaf2fb"/g)).toHaveLength(6);
  });

  it("draws what the view shows: several runs, their raw curves when smoothed, a range alone", () => {
    const runs = [run(100), run(100, "grpo-02")];
    const text = svg(plot("loss"), runs, { ...VIEW, smoothing: 0.9, zoom: { from: 40, to: 60 } });
    expect(text.match(/opacity="0\.22"/g)).toHaveLength(2);
    expect(text).toContain(">grpo-02<");
    const [, d = ""] = /<path d="(M[^"]*)" stroke="#0072b2"/.exec(text) ?? [];
    expect(d.split("L")).toHaveLength(23);
  });

  it("names no line in the legend that its run did not measure", () => {
    const data = new RunData();
    data.take(Array.from({ length: 10 }, (_, i) => metrics(i + 1)));
    const text = svg(plot("accuracy"), [run(20), { name: "grpo-02", data }], VIEW);
    expect(text).toContain(">grpo-02: first attempts<");
    expect(text).not.toContain("grpo-02: corrections");
    expect(text).toContain(">0.8<");
  });

  it("leaves out what a logarithmic scale cannot hold, and says nothing when nothing was measured", () => {
    const data = new RunData();
    data.take([metrics(1, "trial", 0), metrics(2, "trial", 0.01), metrics(3, "trial", 0.1)]);
    const text = svg(plot("reward"), [{ name: "r", data }], { ...VIEW, log: true });
    const [, d = ""] = /<path d="(M[^"]*)" stroke="#0072b2"/.exec(text) ?? [];
    expect(d.split("L")).toHaveLength(2);
    expect(svg(plot("margin"), [{ name: "r", data }], VIEW)).not.toContain("NaN");
  });

  it("lets no name or message become markup", () => {
    const one = run(30, `<script>"&\u0007`);
    one.data.take([{ type: "alarm", time: 1, step: 9, kind: "zero-variance", message: "</title><x>" }]);
    const text = svg(plot("variance"), [one, run(3, "b")], VIEW);
    expect(text).toContain("&lt;script&gt;&quot;&amp;");
    expect(text).toContain("&lt;/title&gt;&lt;x&gt;");
    expect(text).not.toMatch(/<script|<x>/);
    expect(text).not.toContain("\u0007");
  });
});

describe("plots and alarms", () => {
  it("shows a plot when one of its lines was measured", () => {
    const { points } = run(20).data;
    const shown = PLOTS.filter((one) => measuredLines(one, [points]).length > 0).map(({ id }) => id);
    expect(shown).toEqual(
      "reward accuracy loss variance pool traffic entropy clip gradient analysis answer pace".split(" "),
    );
    const sft = new RunData();
    sft.take([
      { type: "metrics", time: 1, step: 1, stage: "supervised", loss: 1, token_accuracy: 0.5, grad_norm: 1 },
    ]);
    expect(PLOTS.filter((one) => measuredLines(one, [sft.points]).length > 0).map(({ id }) => id)).toEqual([
      "token-accuracy",
      "loss",
      "gradient",
    ]);
  });

  it("draws the shares that should be 0 only once they are not", () => {
    const accuracy = PLOTS.filter(({ id }) => id === "accuracy");
    const names = (unscored: number) => {
      const { points } = run(4).data;
      const all = points.map((point, i) => ({ ...point, unscored: i === 2 ? unscored : 0, truncated: 0 }));
      return accuracy.flatMap((one) => measuredLines(one, [all])).map(({ name }) => name);
    };
    expect(names(0)).toEqual(["first attempts"]);
    expect(names(0.25)).toEqual(["first attempts", "unscored, left out"]);
  });

  it("marks every alarm of the correction stage on a plot that ScRPO measures", () => {
    const shown = PLOTS.filter((one) => measuredLines(one, [run(20).data.points]).length > 0);
    const marked = new Set(shown.flatMap(({ alarms }) => alarms ?? []));
    const source = readFileSync("trainer/errata_trainer/alarms.py", "utf8");
    const body = /def observe[\s\S]*?\n\s+out:/.exec(source)?.[0] ?? "";
    const kinds = [...body.matchAll(/"([a-z-]+)": \w+\(/g)].map(([, kind]) => kind ?? "");
    expect(kinds.length).toBeGreaterThan(6);
    expect(kinds.filter((kind) => !marked.has(kind))).toEqual([]);
  });

  it("knows every figure of a run but its tokens, which are an axis", () => {
    const [events] = sources("src/protocol/events.ts");
    const body = /export interface RunMetrics \{([\s\S]*?)\n\}/.exec(events?.text ?? "")?.[1] ?? "";
    const fields = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name ?? "");
    expect(fields.length).toBeGreaterThan(30);
    const one = Object.fromEntries(fields.map((name, i) => [name, 1000 + i]));
    const seen = new Set<unknown>();
    for (const stage of ["trial", "process"]) {
      // What SCoRe measures takes the place of plain accuracy.
      for (const other of [one, { ...one, acc_t2: undefined }]) {
        const point = { ...other, stage, elapsed: 0 } as unknown as RunData["points"][number];
        for (const { lines } of PLOTS) for (const line of lines) seen.add(line.of(point));
      }
    }
    const axes = new Set(["type", "time", "step", "stage", "tokens"]);
    expect(fields.filter((name, i) => !axes.has(name) && !seen.has(1000 + i))).toEqual([]);
  });

  it("has a sentence for every alarm that a plot marks, and a name for one that nobody knows", () => {
    const kinds = new Set(PLOTS.flatMap(({ alarms }) => alarms ?? []));
    for (const kind of kinds) expect(alarmWords(kind).means, kind).toMatch(/^[A-Z].{40,}\.$/);
    expect(alarmWords("some-new-kind")).toEqual({ name: "Some new kind", means: "" });
  });
});

describe("cloning a recipe", () => {
  const workspace = mkdtempSync(join(tmpdir(), "errata-clone-"));
  afterAll(() => rmSync(workspace, { recursive: true, force: true }));
  const folder = join(workspace, ".errata/runs/r");
  mkdirSync(folder, { recursive: true });
  const recipe = {
    name: "scrpo",
    method: "scrpo",
    model: "base",
    problems: join(workspace, "sets/p.jsonl"),
    seed: 3,
  };
  writeFileSync(join(folder, "recipe.json"), JSON.stringify(recipe));
  writeFileSync(join(folder, "problems.jsonl"), "{}\n");

  it("takes the run's own problems when the set is gone, and says so", async () => {
    const { recipe: made, notes } = await cloneRecipe(folder, workspace);
    expect(made).toEqual({ ...recipe, name: "scrpo-2", problems: ".errata/runs/r/problems.jsonl" });
    expect(notes.join()).toContain("no longer there");
  });

  it("names the set relative to the new file when it is there", async () => {
    mkdirSync(join(workspace, "sets"));
    writeFileSync(join(workspace, "sets/p.jsonl"), "{}\n");
    const { recipe: made, notes } = await cloneRecipe(folder, workspace);
    expect(made.problems).toBe("sets/p.jsonl");
    expect(notes).toEqual([]);
  });

  it("names the accelerate configuration so that it is found, else takes the run's own copy", async () => {
    const run = join(workspace, ".errata/runs/accelerated");
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, "problems.jsonl"), "{}\n");
    writeFileSync(join(run, "accelerate.yaml"), "num_processes: 2\n");
    mkdirSync(join(workspace, "deep"));
    writeFileSync(join(workspace, "deep/mine.yaml"), "num_processes: 2\n");
    const clone = async (accelerate: string) => {
      const target = { kind: "local", processes: 1, accelerate };
      writeFileSync(join(run, "recipe.json"), JSON.stringify({ ...recipe, target }));
      const { recipe: made, notes } = await cloneRecipe(run, workspace);
      return [made.target, notes.filter((note) => note.includes(".yaml"))];
    };
    const local = { kind: "local", processes: 1 };
    expect(await clone(join(workspace, "deep/mine.yaml"))).toEqual([
      { ...local, accelerate: "deep/mine.yaml" },
      [],
    ]);
    // Written before paths were made absolute: relative to a recipe that nobody knows any more.
    expect(await clone("mine.yaml")).toEqual([
      { ...local, accelerate: ".errata/runs/accelerated/accelerate.yaml" },
      [expect.stringContaining("no longer there")],
    ]);
  });

  it("counts names on, and refuses a run without a recipe", async () => {
    expect([nextName("a"), nextName("a-2"), nextName("scrpo-07"), nextName("x-2026")]).toEqual([
      "a-2",
      "a-3",
      "scrpo-08",
      "x-2026-2",
    ]);
    await expect(cloneRecipe(workspace, workspace)).rejects.toMatchObject({ code: "bad-run" });
  });
});
