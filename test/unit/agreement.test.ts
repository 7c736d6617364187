import { describe, expect, test } from "vitest";
import type { AgreementRow, JudgementWord } from "../../src/protocol/agreement.js";
import { DEFAULT_RUBRIC } from "../../src/protocol/rubric.js";
import { seededRandom } from "../../src/protocol/statistics.js";
import { agreement } from "../../src/review/agreement.js";
import {
  alpha,
  coefficient,
  gwet,
  kappa,
  nominal,
  percent,
  quadratic,
  type Table,
} from "../../src/review/agreement-figures.js";

const table = (...rows: number[][]): Table => ({ k: rows.length, cells: Float64Array.from(rows.flat()) });

describe("coefficients", () => {
  test("Cohen's kappa of a table worked out by hand: .7 observed, .5 by chance", () => {
    const of = table([20, 5], [10, 15]);
    expect(kappa(of)).toEqual({ observed: 0.7, chance: expect.closeTo(0.5, 12) });
    expect(coefficient(kappa(of))).toBeCloseTo(0.4, 12);
  });

  test("Gwet's paradox: nearly everything alike, kappa below nothing, AC1 as it should be", () => {
    const of = table([118, 5], [2, 0]);
    expect(coefficient(percent(of))).toBeCloseTo(0.944, 10);
    expect(coefficient(kappa(of))).toBeCloseTo(-0.0234, 4);
    expect(coefficient(gwet(of))).toBeCloseTo(0.9408, 4);
  });

  test("quadratic weights: kappa is 1 − mean squared difference / (both variances + squared difference of means)", () => {
    const random = seededRandom(3);
    const pairs = Array.from({ length: 200 }, () => {
      const a = Math.floor(random() * 5);
      return [a, Math.max(0, Math.min(4, a + Math.floor(random() * 3) - 1))] as const;
    });
    const cells = new Float64Array(25);
    for (const [a, b] of pairs) cells[a * 5 + b] = (cells[a * 5 + b] ?? 0) + 1;
    const mean = (values: number[]) => values.reduce((x, y) => x + y, 0) / values.length;
    const a = pairs.map(([x]) => x);
    const b = pairs.map(([, y]) => y);
    const variance = (values: number[]) => mean(values.map((x) => (x - mean(values)) ** 2));
    const expected =
      1 - mean(pairs.map(([x, y]) => (x - y) ** 2)) / (variance(a) + variance(b) + (mean(a) - mean(b)) ** 2);
    expect(coefficient(kappa({ k: 5, cells }, quadratic))).toBeCloseTo(expected, 10);
  });

  test("Krippendorff's own example of four observers: nominal .743, interval .849", () => {
    const units = KRIPPENDORFF.map((unit) => unit.map((value) => value - 1));
    const cells = new Float64Array(25);
    for (const unit of units) {
      unit.forEach((a, i) => {
        unit.forEach((b, j) => {
          if (i !== j) cells[a * 5 + b] = (cells[a * 5 + b] ?? 0) + 1 / (unit.length - 1);
        });
      });
    }
    expect(coefficient(alpha({ k: 5, cells }, nominal))).toBeCloseTo(0.743, 3);
    expect(coefficient(alpha({ k: 5, cells }, quadratic))).toBeCloseTo(0.849, 3);
  });

  test("undefined says why, and is never NaN", () => {
    const alike = table([7, 0], [0, 0]);
    expect(kappa(alike)).toEqual({ why: "both said the same on every item: kappa is undefined" });
    expect(alpha(alike)).toEqual({ why: "everybody said the same on every item: alpha is undefined" });
    expect(coefficient(gwet(alike))).toBe(1);
    for (const of of [percent, kappa, gwet, alpha]) expect(of(table([0, 0], [0, 0]))).toHaveProperty("why");
  });

  test("two people may change places; with equal shares AC1 and kappa are the same", () => {
    const of = table([4, 1, 2], [3, 9, 0], [1, 1, 6]);
    const turned = table([4, 3, 1], [1, 9, 1], [2, 0, 6]);
    for (const what of [percent, kappa, gwet])
      expect(coefficient(what(of))).toBeCloseTo(coefficient(what(turned)) ?? Number.NaN, 12);
    const equal = table([8, 2], [2, 8]);
    expect(coefficient(kappa(equal))).toBeCloseTo(coefficient(gwet(equal)) ?? Number.NaN, 12);
  });
});

/** Words of the observers on each unit of Krippendorff 2011, those that there are. */
const KRIPPENDORFF = [
  [1, 1, 1],
  [2, 2, 3, 2],
  [3, 3, 3, 3],
  [3, 3, 3, 3],
  [2, 2, 2, 2],
  [1, 2, 3, 4],
  [4, 4, 4, 4],
  [1, 1, 2, 1],
  [2, 2, 2, 2],
  [5, 5, 5],
  [1, 1],
];

let id = 0;
const word = (more: Partial<JudgementWord>): JudgementWord => ({
  id: ++id,
  target: "attempt",
  targetId: more.attemptId ?? 1,
  attemptId: 1,
  problemId: more.attemptId ?? 1,
  who: "ann",
  at: "2026-01-01T00:00:00.000Z",
  kind: "decision",
  axis: "",
  value: "accepted",
  pass: 1,
  before: null,
  ...more,
});
const between = async (words: JudgementWord[], people = ["ann", "bob"], resamples = 200) => {
  const kind = people.length > 2 ? "all" : people[0] === people[1] ? "self" : "pair";
  const { report } = await agreement(words, { people, kind, rubric: DEFAULT_RUBRIC, resamples });
  return report;
};
const row = (rows: AgreementRow[], named: string): AgreementRow => {
  const found = rows.find((one) => one.id === named);
  if (!found) throw new Error(`no row ${named} among ${rows.map((one) => one.id)}`);
  return found;
};
const both = (attemptId: number, more: Partial<JudgementWord>, a: unknown, b: unknown): JudgementWord[] => [
  word({ ...more, attemptId, targetId: attemptId, who: "ann", value: a as string }),
  word({ ...more, attemptId, targetId: attemptId, who: "bob", value: b as string }),
];

describe("two people", () => {
  test("every kind has its figures, on what both judged", async () => {
    const words = [
      ...both(1, {}, "accepted", "accepted"),
      ...both(2, {}, "accepted", "rejected"),
      ...both(3, {}, "rejected", "rejected"),
      word({ attemptId: 4, who: "ann" }),
      ...both(1, { kind: "rating", axis: "overall" }, 4, 5),
      ...both(2, { kind: "rating", axis: "overall" }, 1, 1),
      ...both(1, { kind: "errorType" }, "sign", "sign"),
      ...both(2, { kind: "errorType" }, "sign", "our own type"),
      ...both(1, { kind: "verdict" }, "correct", "unscored"),
    ];
    const { rows, attempts } = await between(words);
    expect(attempts).toBe(3);
    expect(rows.map(({ id: one, n }) => [one, n])).toEqual([
      ["decision", 3],
      ["verdict", 1],
      ["errorType", 2],
      ["rating:overall", 2],
    ]);
    const decision = row(rows, "decision");
    expect(decision.matrix).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(decision.figures.percent?.value).toBeCloseTo(2 / 3, 12);
    expect(Object.keys(decision.figures).sort()).toEqual(["ac1", "kappa", "percent"]);
    const rating = row(rows, "rating:overall");
    expect(Object.keys(rating.figures).sort()).toEqual(["ac1", "ac2", "kappa", "percent", "weightedKappa"]);
    // a 3, 0; b 4, 0: 1 − .5 / (2.25 + 4 + .25)
    expect(rating.figures.weightedKappa?.value).toBeCloseTo(1 - 0.5 / 6.5, 12);
    expect(row(rows, "errorType").categories).toContain("our own type");
  });

  test("steps: whether there is a wrong one is asked apart; exact and ±1 where both name one", async () => {
    const more = { kind: "firstWrongStep" as const };
    const words = [
      ...both(1, more, 3, 3),
      ...both(2, more, 3, 4),
      ...both(3, more, 2, 5),
      ...both(4, more, 0, 1),
      ...both(5, more, 0, 0),
    ];
    const { rows } = await between(words);
    expect(row(rows, "step:any")).toMatchObject({
      n: 5,
      matrix: [
        [3, 0],
        [1, 1],
      ],
    });
    expect(row(rows, "step:exact")).toMatchObject({ n: 3, figures: { percent: { value: 1 / 3 } } });
    expect(row(rows, "step:near").figures.percent?.value).toBeCloseTo(2 / 3, 12);
  });

  test("labels: who judged an attempt and did not set one says that it does not hold", async () => {
    const words = [
      ...both(1, {}, "accepted", "accepted"),
      ...both(2, {}, "accepted", "accepted"),
      ...both(3, {}, "accepted", "accepted"),
      word({ attemptId: 1, kind: "label", axis: "odd", value: true, who: "ann" }),
      word({ attemptId: 1, kind: "label", axis: "odd", value: true, who: "bob" }),
      word({ attemptId: 2, targetId: 2, kind: "label", axis: "odd", value: true, who: "bob" }),
    ];
    expect(row((await between(words)).rows, "label:odd")).toMatchObject({
      n: 3,
      matrix: [
        [1, 0],
        [1, 1],
      ],
    });
  });

  test("machines' and adjudicators' words count for nobody", async () => {
    const words = both(1, {}, "accepted", "rejected");
    const more = [
      word({ who: "machine:judge", value: "accepted" }),
      word({ who: "adjudicated:ann", value: "rejected", at: "2026-02-01T00:00:00.000Z" }),
    ];
    const before = await between([...words, ...both(2, {}, "accepted", "accepted")]);
    const after = await between([...words, ...both(2, {}, "accepted", "accepted"), ...more]);
    expect(after.rows).toEqual(before.rows);
  });
});

describe("intervals", () => {
  const many = (problems: number, each: number): JudgementWord[] => {
    const random = seededRandom(11);
    return Array.from({ length: problems * each }, (_, i) => {
      const problemId = Math.floor(i / each);
      // All items of one problem go the same way: the interval must know that they are one piece of evidence.
      const alike = problemId % 4 !== 0;
      const a = random() < 0.5 ? "accepted" : "rejected";
      const b = alike ? a : a === "accepted" ? "rejected" : "accepted";
      return both(i + 1, {}, a, b).map((one) => ({ ...one, problemId }));
    }).flat();
  };

  test("the same seed gives the same report, another gives another; order of words does not matter", async () => {
    const words = many(20, 2);
    const query = { people: ["ann", "bob"], kind: "pair" as const, rubric: DEFAULT_RUBRIC, resamples: 300 };
    const first = (await agreement(words, query)).report;
    expect((await agreement(words, query)).report).toEqual(first);
    expect((await agreement(words.toReversed(), query)).report).toEqual(first);
    const other = (await agreement(words, { ...query, seed: 5 })).report;
    expect(other.rows[0]?.figures.percent?.value).toBe(first.rows[0]?.figures.percent?.value);
    expect(other.rows[0]?.figures.kappa?.low).not.toBe(first.rows[0]?.figures.kappa?.low);
  });

  test("resample problems, not items: eight times the items of as many problems tell no more", async () => {
    const width = async (words: JudgementWord[]) => {
      const { low, high } =
        row((await between(words, undefined, 1000)).rows, "decision").figures.percent ?? {};
      return (high ?? 0) - (low ?? 0);
    };
    const one = await width(many(40, 1));
    expect(await width(many(40, 8))).toBeCloseTo(one, 1);
    expect(await width(many(320, 1))).toBeLessThan(one / 2);
    // Standard error of a share of .75 over 40 problems, times 2 · 1.96.
    expect(one).toBeCloseTo(2 * 1.96 * Math.sqrt((0.75 * 0.25) / 40), 1);
  });

  test("full agreement claims no certainty; kappa that is undefined says so, and so does a single problem", async () => {
    const alike = [1, 2, 3, 4, 5].flatMap((i) => both(i, {}, "accepted", "accepted"));
    const { figures } = row((await between(alike)).rows, "decision");
    expect(figures.percent).toMatchObject({ value: 1, high: 1 });
    expect(figures.percent?.low).toBeCloseTo(5 / (5 + 1.96 ** 2), 2);
    expect(figures.ac1?.low).toBeLessThan(1);
    expect(figures.kappa).toMatchObject({ value: null, low: null, why: expect.stringContaining("the same") });
    const single = row((await between(both(1, {}, "accepted", "rejected"))).rows, "decision");
    expect(single.figures.percent).toEqual({
      ...{ value: 0, low: null, high: null },
      why: "one problem gives no interval",
    });
  });

  test("no figure is NaN, and every value lies in its interval, whatever was said", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const random = seededRandom(seed);
      const words = Array.from({ length: 30 }, (_, i) => [
        ...both(
          i + 1,
          {},
          random() < 0.9 ? "accepted" : "rejected",
          random() < 0.9 ? "accepted" : "rejected",
        ),
        ...both(
          i + 1,
          { kind: "rating", axis: "valid" },
          1 + Math.floor(random() * 5),
          1 + Math.floor(random() * 2),
        ),
      ]).flat();
      for (const { figures } of (await between(words)).rows) {
        for (const { value, low, high, why } of Object.values(figures)) {
          expect([value, low, high].filter(Number.isNaN)).toEqual([]);
          if (value === null) expect(why).not.toBeNull();
          else if (low !== null && high !== null) {
            expect(low).toBeLessThanOrEqual(value + 1e-9);
            expect(high).toBeGreaterThanOrEqual(value - 1e-9);
          }
        }
      }
    }
  });

  test("it can be stopped", async () => {
    const control = new AbortController();
    const query = { people: ["ann", "bob"], kind: "pair" as const, rubric: DEFAULT_RUBRIC, resamples: 1e7 };
    const ends = expect(agreement(many(50, 2), { ...query, signal: control.signal })).rejects.toThrow(
      "enough",
    );
    control.abort(new Error("enough"));
    await ends;
  });
});

describe("one person against themselves, and everybody", () => {
  test("repeats are held against what the same person had said before", async () => {
    const repeat = (attemptId: number, before: string | null, value: string) =>
      word({ attemptId, targetId: attemptId, pass: 2, before, value });
    const words = [
      word({ attemptId: 1, value: "rejected" }),
      repeat(1, "accepted", "accepted"),
      repeat(2, "accepted", "rejected"),
      repeat(3, null, "rejected"),
      word({ attemptId: 1, who: "bob" }),
    ];
    const { rows, kind } = await between(words, ["ann", "ann"]);
    expect(kind).toBe("self");
    expect(row(rows, "decision")).toMatchObject({
      n: 2,
      matrix: [
        [1, 1],
        [0, 0],
      ],
    });
  });

  test("Krippendorff's observers again, through the whole way: α, and the percentage of pairs", async () => {
    const names = ["a", "b", "c", "d"];
    const words = KRIPPENDORFF.flatMap((unit, u) =>
      unit.map((value, i) =>
        word({
          ...{ attemptId: u + 1, targetId: u + 1, who: names[i] ?? "", kind: "rating" as const },
          ...{ axis: "overall", value },
        }),
      ),
    );
    const { figures } = row((await between(words, names)).rows, "rating:overall");
    expect(figures.alpha?.value).toBeCloseTo(0.849, 3);
    // irrCAC's percent agreement of the same table.
    expect(figures.percent?.value).toBeCloseTo(0.8181818, 6);
    expect(figures).not.toHaveProperty("kappa");
  });
});
