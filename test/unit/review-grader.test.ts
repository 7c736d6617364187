import { beforeAll, expect, it } from "vitest";
import type { Grader } from "../../src/grading/index.js";
import { builtGrader } from "./grading.fixture.js";
import { attempt, open, spec, workspace } from "./pool.fixture.js";
import { sitting, until } from "./review-session.fixture.js";

const built = builtGrader();
let grader: Grader;
beforeAll(() => {
  grader = built.grader();
});

it("with the grader itself: equal answers stand together, a false equality is hinted at its step, a draft is graded", async () => {
  const pool = await open(workspace());
  const rowIds = await pool.putProblems("set", [{ id: "p", problem: "Halve $1$.", gold: "\\frac{1}{2}" }]);
  const { groups } = await pool.openSampling(spec(), rowIds);
  const answers = ["1", "2", "\\frac{4}{2}", "2.0", "1", "3"];
  const text = "First.\nSo $2+3=6$ and $1+1=2$.\n\\boxed{2}";
  await pool.putAttempts(
    [..."CIIICI"].map((letter, sample) => {
      const made = attempt(groups[0]?.groupId ?? -1, sample, letter);
      return {
        ...made,
        generation: { ...made.generation, text },
        grade: { ...made.grade, answer: answers[sample] ?? null },
      };
    }),
  );
  await pool.applyFilter({ kind: "all" });
  const s = await sitting({
    pool,
    needs: {
      grade: (solution, gold) => grader.grade(solution, gold),
      equal: async (a, b) => (await grader.equal(a, b)).equal,
      relations: (solution, problem) => grader.equalities(solution, problem),
    },
  });
  await until("the clusters", () => s.item().siblings.length === 3);
  expect(s.item().siblings.map((c) => [c.verdict, c.answer, c.attemptIds.length])).toEqual([
    ["incorrect", "2", 3],
    ["correct", "1", 2],
    ["incorrect", "3", 1],
  ]);
  await until("hints", () => s.hinted.length > 0);
  const hints = s.hinted[0]?.hints.map((h) => [h.step, text.slice(h.start, h.end), h.verdict]);
  expect(hints).toContainEqual([2, expect.stringContaining("2+3=6"), "false"]);
  expect(hints).toContainEqual([2, expect.stringContaining("1+1=2"), "true"]);
  s.session.draft(s.item().attemptId, "So $\\boxed{0.5}$.");
  await until("the grade", () => s.graded.length > 0);
  expect(s.graded[0]?.grade).toMatchObject({ verdict: "correct", answer: "0.5" });
  expect([s.problems, s.notes]).toEqual([[], []]);
}, 60_000);
