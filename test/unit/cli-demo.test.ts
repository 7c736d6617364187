import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { against, type Installation, install } from "./cli.fixture.js";

let errata: Installation;
let workspace: string;

beforeAll(async () => {
  errata = await install();
  workspace = mkdtempSync(join(tmpdir(), "errata-demo-"));
});
afterAll(() => {
  errata.remove();
  rmSync(workspace, { recursive: true, force: true });
});

it("errata demo --quick: the whole loop with the real trainer, and again on the same workspace", async () => {
  const file = join(workspace, "answer.json");
  const words = ["demo", "--quick", "--out", workspace, "--json", file];
  const first = await errata.run(words);
  expect(first.status, first.err).toBe(0);
  expect(first.out).toContain("What may be claimed");
  for (const stage of ["Sampling", "Reflecting", "Training scrpo-01", "scrpo-01: first attempts"]) {
    expect(first.err).toContain(stage);
  }
  const report = JSON.parse(readFileSync(file, "utf8"));
  expect(against("demo", report)).toBe("");
  expect(report).toMatchObject({
    ...{ backend: "cpu", problems: 24, attempts: 192, trained: "scrpo-01" },
    run: { steps: 4, method: "scrpo" },
  });
  // The truth about an error comes from the problem's generator, and the pool can be grouped by it.
  const kinds = (
    await errata.run(["pool", "list", "--all", "--limit", "500", "--json", "--workspace", workspace])
  ).out;
  const types = (JSON.parse(kinds) as { errorType: string | null; errorTypeSource: string | null }[]).filter(
    (attempt) => attempt.errorType !== null,
  );
  expect(types.length).toBeGreaterThan(0);
  expect(types.every((attempt) => attempt.errorTypeSource === "generator")).toBe(true);
  const models = JSON.parse(readFileSync(join(workspace, ".errata", "models.json"), "utf8"));
  expect(models.models).toMatchObject([{ id: "scrpo-01", base: "demo-base", run: "scrpo-01" }]);

  const second = await errata.run(words);
  expect(second.status, second.err).toBe(0);
  const again = JSON.parse(readFileSync(file, "utf8"));
  expect(again.trained).toBe("scrpo-02");
  // The base model's part is read, not made again; the run is a new one from the same recipe and seed.
  expect(again.passAt1.before).toBe(report.passAt1.before);
  expect(again.attempts).toBe(192);
}, 900_000);
