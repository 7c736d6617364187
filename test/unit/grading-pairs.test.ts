import { describe, expect, it } from "vitest";
import { equalAnswers } from "../../src/grading/equal.js";
import { equalSymbolically } from "../../src/grading/symbolic.js";
import { answerPairs, type Pair } from "./answer-pairs.fixture.js";
import { builtGrader, processorTime } from "./grading.fixture.js";

const tables = answerPairs();

/** Without a time limit: a busy machine changes nothing. */
function counts(pairs: Pair[]) {
  const judged = pairs.map((pair) => ({ pair, ...equalAnswers(pair.gold, pair.answer, equalSymbolically) }));
  return {
    agrees: judged.filter(({ pair, equal }) => equal === pair.equal).length,
    wronglyEqual: judged.filter(({ pair, equal }) => equal === true && pair.equal !== true).length,
    wronglyDifferent: judged.filter(({ pair, equal }) => equal === false && pair.equal === true).length,
  };
}

describe("pairs that the grader had never seen", () => {
  it("are all different from the first table's, and half of them is left alone", () => {
    const key = ({ gold, answer }: Pair) => JSON.stringify([gold, answer]);
    const old = new Set(tables.old.map(key));
    const table = [...tables.working, ...tables.untouched];
    expect(table).toHaveLength(777);
    expect(new Set(table.map(key)).size).toBe(777);
    expect(table.filter((pair) => old.has(key(pair)))).toEqual([]);
    expect([tables.working.length, tables.untouched.length]).toEqual([390, 387]);
  });
  it("of the working half, none is wrongly equal", { timeout: 600_000 }, () => {
    const { agrees, wronglyEqual, wronglyDifferent } = counts(tables.working);
    expect({ wronglyEqual, wronglyDifferent }).toEqual({ wronglyEqual: 0, wronglyDifferent: 0 });
    expect(agrees).toBeGreaterThanOrEqual(355);
  });
  it("of the other half, none is wrongly equal since it was opened", { timeout: 600_000 }, () => {
    expect(counts(tables.untouched).wronglyEqual).toBe(0);
  });
});

describe("pairs by other hands", () => {
  it("are all different from the other tables', and half of them is left alone", () => {
    const key = ({ gold, answer }: Pair) => JSON.stringify([gold, answer]);
    const others = [...tables.othersWorking, ...tables.othersUntouched];
    const known = new Set([...tables.old, ...tables.working, ...tables.untouched].map(key));
    expect(new Set(others.map(key)).size).toBe(408);
    expect(others.filter((pair) => known.has(key(pair)))).toEqual([]);
    expect([tables.othersWorking.length, tables.othersUntouched.length]).toEqual([214, 194]);
    expect(tables.othersUntouched.filter(({ seen }) => seen)).toEqual([]);
  });
  it("of the working half, none that differs is called equal, and none that is equal different", {
    timeout: 600_000,
  }, () => {
    const { agrees, wronglyEqual, wronglyDifferent } = counts(tables.othersWorking);
    // Two that the table leaves open.
    expect({ wronglyEqual, wronglyDifferent }).toEqual({ wronglyEqual: 2, wronglyDifferent: 0 });
    expect(agrees).toBeGreaterThanOrEqual(172);
  });
  it("of the other half, no more is wrong than when it was counted", { timeout: 600_000 }, () => {
    const { wronglyEqual, wronglyDifferent } = counts(tables.othersUntouched);
    expect(wronglyEqual).toBeLessThanOrEqual(3);
    expect(wronglyDifferent).toBeLessThanOrEqual(1);
    const different = tables.othersUntouched.filter(({ equal }) => equal === false);
    expect(counts(different).wronglyEqual).toBe(0);
  });
});

describe("hostile pairs", () => {
  const built = builtGrader();
  const hostile = [...tables.working, ...tables.untouched].filter(({ kind }) => kind === "hostile");
  it("are never judged wrongly, and the honest one behind them is decided", {
    timeout: 600_000,
  }, async () => {
    const grader = built.grader();
    const all = hostile.map((pair) => grader.equal(pair.gold, pair.answer));
    const honest = grader.equal("\\ln 4", "2\\ln 2");
    for (const [i, found] of (await Promise.all(all)).entries()) {
      const { equal } = hostile[i] ?? { equal: null };
      expect([equal, null], hostile[i]?.gold.slice(0, 60)).toContain(found.equal);
    }
    expect((await honest).equal).toBe(true);
  });
  it("hold the caller's thread for less than the limit; what goes to the grading thread has a limit there", () => {
    const leave = () => ({ equal: null, why: "left to the thread" });
    for (const { gold, answer } of hostile) {
      const taken = processorTime(() => equalAnswers(gold, answer, leave));
      expect(taken, gold.slice(0, 60)).toBeLessThan(200);
    }
  });
});
