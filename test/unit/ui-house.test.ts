import { describe, expect, test } from "vitest";
import { sources } from "./house.js";

/** From first to last: a step imports itself and what stands before it, never what comes later. */
const STEPS = [
  "problems",
  "inference",
  "grading",
  "pool",
  "verdicts",
  "reflection",
  "sampling",
  "review",
  "exchange",
  "runs",
] as const;

const src = sources("src");
const webview = sources("webview");

/** "src/pool/rows" is of `pool`, "src/cli" of `cli`. */
const part = (file: string): string => file.split("/")[1]?.replace(/\.ts$/, "") ?? "";

function mayImport(from: string): readonly string[] {
  const step = STEPS.indexOf(from as (typeof STEPS)[number]);
  if (step >= 0) return [...STEPS.slice(0, step + 1), "protocol"];
  switch (from) {
    case "protocol":
      return ["protocol"];
    case "ui":
      return [...STEPS, "protocol", "ui", "doctor", "demo"];
    case "extension":
      return ["ui", "protocol"];
    default:
      // Entry points of processes, and the command line: any step, never the editor.
      return [...STEPS, "protocol", from, "workers", "cli", "doctor", "demo"];
  }
}

describe("the rules of the house", () => {
  test("only the editor's own part imports vscode", () => {
    const users = src.filter(({ packages }) => packages.includes("vscode")).map(({ file }) => file);
    expect(users.length).toBeGreaterThan(10);
    for (const file of users) expect(file).toMatch(/^src\/(extension\.ts|ui\/)/);
  });

  test("notifications go one way, where nothing of them becomes a link", () => {
    const shows = /window\.show(Information|Warning|Error)Message/;
    expect(src.filter(({ text }) => shows.test(text)).map(({ file }) => file)).toEqual(["src/ui/say.ts"]);
  });

  test("imports go one way", () => {
    const wrong = src.flatMap(({ file, imports }) =>
      imports
        .filter((name) => name.startsWith("src/") && !mayImport(part(file)).includes(part(name)))
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("webviews import protocol alone, and nothing of Node", () => {
    const wrong = webview.flatMap(({ file, imports, packages }) => [
      ...imports
        .filter((name) => !/^(src\/protocol|webview)\//.test(name))
        .map((name) => `${file} imports ${name}`),
      ...packages
        .filter((name) => name.startsWith("node:") || name === "vscode")
        .map((name) => `${file}: ${name}`),
    ]);
    expect(webview.length).toBeGreaterThan(3);
    expect(wrong).toEqual([]);
  });

  test("ONNX Runtime is reached from inference alone, SQLite from the pool alone and lazily", () => {
    for (const { file, packages, text } of src) {
      if (packages.includes("onnxruntime-node")) expect(file).toMatch(/^src\/(inference|workers)\//);
      if (/^import (?!type)[^;]*"sqlite3"/m.test(text)) throw new Error(`${file} loads sqlite3 at once`);
      if (packages.includes("sqlite3")) expect(file).toMatch(/^src\/pool\//);
    }
  });

  test("no file is over 500 lines, and none keeps a promise for later", () => {
    for (const { file, text } of [...src, ...webview]) {
      expect(text.split("\n").length, file).toBeLessThanOrEqual(500);
      expect(text, file).not.toMatch(/\b(?:TODO|FIXME|XXX|HACK)\b/);
    }
  });

  test("the composition root stays one", () => {
    const [root] = sources("src/extension.ts");
    expect(root?.text.split("\n").length).toBeLessThanOrEqual(60);
  });
});
