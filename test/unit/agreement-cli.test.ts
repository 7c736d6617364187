import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { against, type Installation, install } from "./cli.fixture.js";
import { fill, open, workspace } from "./pool.fixture.js";

let errata: Installation;
beforeAll(async () => {
  errata = await install();
});
afterAll(() => errata.remove());

/** Ann's workspace, and a copy of its pool in which Bob judged the same attempts. */
async function two(): Promise<{ ann: string; file: string }> {
  const [ann, bob] = [workspace(), workspace()];
  const ours = await open(ann);
  const { attemptIds } = await fill(ours, ["CCIIIIII", "CIIICCCI"]);
  await ours.backup(join(bob, ".errata", "pool.sqlite"));
  const theirs = await open(bob);
  for (const [i, id] of attemptIds.flat().entries()) {
    await ours.annotate("attempt", id, "Ann", { kind: "firstWrongStep", value: i % 4 });
    await theirs.annotate("attempt", id, "Bob", { kind: "firstWrongStep", value: i % 3 });
  }
  await ours.annotate(
    "attempt",
    attemptIds[0]?.[0] ?? -1,
    "Ann",
    { kind: "firstWrongStep", value: 3 },
    { pass: 2 },
  );
  await ours.close();
  await theirs.close();
  return { ann, file: theirs.file };
}

test("another pool is looked at, merged, and merged again; then its people are held against each other", async () => {
  const { ann, file } = await two();
  const run = (...words: string[]) => errata.run(["pool", ...words, "--workspace", ann]);
  const alone = await run("agreement");
  expect(alone.status).toBe(1);
  expect(alone.err).toContain("errata pool merge FILE");

  const look = JSON.parse((await run("merge", file, "--dry-run", "--json")).out);
  expect(against("merge", look)).toBe("");
  expect(look).toMatchObject({ added: null, adds: { annotations: 16, attempts: 0 }, same: { attempts: 16 } });
  expect((await run("merge", file)).out).toContain("Merged: 16 annotations.");
  const again = JSON.parse((await run("merge", file, "--json")).out);
  expect(against("merge", again)).toBe("");
  expect(Object.values(again.added)).toEqual([0, 0, 0, 0, 0, 0, 0]);

  const report = JSON.parse((await run("agreement", "--json", "--resamples", "100")).out);
  expect(against("agreement", report)).toBe("");
  expect(report).toMatchObject({ kind: "pair", people: ["Ann", "Bob"], attempts: 16, resamples: 100 });
  expect(report.rows.map((row: { id: string }) => row.id)).toEqual(["step:any", "step:exact", "step:near"]);
  expect((await run("agreement")).out).toMatch(
    /First wrong step, exact \(\d+ items of 2 problems\)\n {2}agreement/,
  );
  const self = JSON.parse((await run("agreement", "--a", "Ann", "--b", "Ann", "--json")).out);
  expect(against("agreement", self)).toBe("");
  expect(self).toMatchObject({ kind: "self", attempts: 1 });
  const all = JSON.parse((await run("agreement", "--all", "--json")).out);
  expect(against("agreement", all)).toBe("");
  expect(all.kind).toBe("all");
}, 60_000);

test("wrong names and wrong files are told in a line or two", async () => {
  const { ann } = await two();
  const run = (...words: string[]) => errata.run(["pool", ...words, "--workspace", ann]);
  const nobody = await run("agreement", "--a", "Cy");
  expect(nobody).toMatchObject({ status: 1 });
  expect(nobody.err).toContain("Nobody named Cy has said anything in this pool.\nThere is: Ann.");
  expect((await run("agreement", "--all", "--a", "Ann")).status).toBe(2);
  expect((await run("merge")).status).toBe(2);
  const none = await run("merge", join(ann, "none.sqlite"));
  expect(none.err).toContain("There is no file");
  expect(none.err).not.toMatch(/\n {4}at /);
}, 60_000);
