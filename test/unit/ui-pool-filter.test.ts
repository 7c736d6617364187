import { expect, test } from "vitest";
import { DEFAULT_RUBRIC } from "../../src/protocol/rubric.js";
import {
  composed,
  holds,
  named,
  sameFilter,
  settled,
  type Tick,
  ticks,
} from "../../src/ui/pool/filter-choices.js";
import { filterWords } from "../../src/ui/pool/filter-words.js";
import { nameFault, SavedFilters } from "../../src/ui/pool/saved-filters.js";
import type { Catalogue } from "../../src/ui/pool/shape.js";
import { fill, open, workspace } from "./pool.fixture.js";

const catalogue: Catalogue = {
  rubric: DEFAULT_RUBRIC,
  models: [{ id: "base", name: "Tiny", folder: "", addedAt: "" }],
  runs: [],
};
const bucket = (key: string) => ({ key, label: key, attempts: 1200, unreviewed: 0 });
const all = ticks(catalogue, { errorType: [bucket("sign"), bucket("")], model: [bucket("base")] });
const tick = (label: string): Tick => {
  const found = all.find((each) => each.label === label);
  if (!found) throw new Error(`no tick “${label}”`);
  return found;
};

test("text and ticks make one filter", () => {
  expect(composed("  x − 4 ", [])).toEqual({ text: "x - 4" });
  expect(composed("", [tick("Sign"), tick("Rated 2"), tick("Tiny"), tick("Not reviewed yet")])).toEqual({
    ...{ errorType: "sign", rating: "2", modelId: "base", reviewed: false },
  });
  expect(composed("", [tick("No decision yet"), tick("No error type yet")])).toEqual({
    ...{ decision: "", errorType: "" },
  });
  // Pool members are wrong by definition.
  expect(composed("", [tick("Incorrect"), tick("Correct")])).toEqual({
    ...{ verdicts: ["incorrect", "correct"], scope: "all" },
  });
  expect(tick("Sign").description).toBe("error type · 1,200 attempts");
});

test("a filter comes back as the ticks that made it", () => {
  for (const chosen of [
    ["Sign", "Rated 2"],
    ["Incorrect", "Correct", "Every attempt"],
    ["Not rated yet"],
    [],
  ]) {
    const query = composed("", chosen.map(tick));
    expect(
      all
        .filter((each) => holds(each, query))
        .map(({ label }) => label)
        .toSorted(),
    ).toEqual(chosen.toSorted());
  }
});

test("what a filter names has its tick, though nothing in the pool has it any more", () => {
  const query = { label: "gone", modelId: "other", errorType: "sign" };
  const more = ticks(catalogue, { errorType: [bucket("sign")] }, [query, { label: "gone" }]);
  const held = more.filter((each) => holds(each, query));
  expect(held.map(({ label }) => label)).toEqual(["gone", "Sign", "other"]);
  expect(composed("", held)).toEqual(query);
});

test("where an attempt has one value one tick holds, the newest; verdicts go together", () => {
  const before = [tick("Rated 2"), tick("Incorrect")];
  expect(settled(before, [...before, tick("Rated 5"), tick("Correct")])).toEqual([
    ...[tick("Incorrect"), tick("Rated 5"), tick("Correct")],
  ]);
  expect(settled(before, [tick("Incorrect")])).toEqual([tick("Incorrect")]);
  // "Select all".
  const groups = settled(before, all).map(({ group }) => group);
  expect(groups.filter((group) => group !== "Verdict").toSorted()).toEqual([
    ...["Decision", "Dispute", "Error type", "Group", "Model", "Rating", "Review"],
  ]);
});

test("ticks that what is typed may mean", () => {
  expect(named(" rated", all).map(({ label }) => label)).toEqual([
    ...["Rated 5", "Rated 4", "Rated 3", "Rated 2", "Rated 1", "Not rated yet"],
  ]);
  expect(named("\\frac", all)).toEqual([]);
  expect(named("  ", all)).toEqual([]);
});

test("a filter in words, by the rubric's and the models' names", () => {
  const query = {
    text: "\\frac{3}{4}\u202e",
    reviewed: false,
    errorType: "sign",
    rating: "4",
    modelId: "base",
  };
  expect(filterWords(query, catalogue)).toBe("“\\frac{3}{4}” · not reviewed · Sign · rated 4 · by Tiny");
  expect(filterWords({ verdicts: ["correct"], scope: "all", decision: "", firstWrong: "2" }, catalogue)).toBe(
    "correct · no decision yet · first wrong step 2 · every attempt, not the pool alone",
  );
  expect(filterWords({}, catalogue)).toBe("");
});

test("every tick finds what it says in a real pool", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIIU"]);
  const [, , first = -1, second = -1] = attemptIds[0] ?? [];
  await pool.annotate("attempt", first, "ann", { kind: "errorType", value: "sign" });
  await pool.annotate("attempt", second, "ann", { kind: "decision", value: "rejected" });
  const find = (...labels: string[]) => pool.attemptIds(composed("", labels.map(tick)));
  expect(await find("Sign")).toEqual([first]);
  expect(await find("Correction rejected")).toEqual([second]);
  // A kind of error is named before an attempt is judged.
  expect(await find("Tiny", "Not reviewed yet")).toEqual([first, ...(attemptIds[0]?.slice(4, 7) ?? [])]);
  expect(await find("Could not be scored")).toEqual(attemptIds[0]?.slice(7));
  expect(await find("No error type yet")).toEqual(attemptIds[0]?.slice(3, 7));
});

test("filters are kept by name, in the order of their names", async () => {
  const kept = new Map<string, unknown>();
  const memento = {
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: async (key: string, value: unknown) => void kept.set(key, value),
  };
  const saved = new SavedFilters(memento);
  expect(saved.all).toEqual([]);
  await saved.save("signs", { errorType: "sign" });
  await saved.save("Low", { rating: "1", reviewed: true });
  await saved.save("signs", { errorType: "sign", reviewed: false });
  expect(new SavedFilters(memento).all.map(({ name }) => name)).toEqual(["Low", "signs"]);
  expect(saved.of({ reviewed: true, rating: "1" })?.name).toBe("Low");
  expect(saved.of({ errorType: "sign" })).toBeUndefined();
  await saved.remove("Low");
  expect(saved.all.map(({ name }) => name)).toEqual(["signs"]);
  expect(nameFault("  ")).toMatch(/name/);
  expect(nameFault("x".repeat(61))).toMatch(/60/);
  expect(nameFault("Signs, not reviewed")).toBeUndefined();
});

test("the order in which a filter was put together does not matter", () => {
  expect(
    sameFilter(
      { verdicts: ["correct", "incorrect"], text: "x" },
      { text: "x", verdicts: ["incorrect", "correct"] },
    ),
  ).toBe(true);
  expect(sameFilter({ rating: "" }, {})).toBe(false);
});
