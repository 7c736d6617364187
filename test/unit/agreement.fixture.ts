import type {
  AdjudicationItem,
  AgreementState,
  Annotator,
  JudgementWord,
} from "../../src/protocol/agreement.js";
import { DEFAULT_RUBRIC, type Rubric } from "../../src/protocol/rubric.js";
import { seededRandom } from "../../src/protocol/statistics.js";
import { cutSteps } from "../../src/protocol/steps.js";
import { agreement } from "../../src/review/agreement.js";
import { disagreements, subjectWords, valueWords } from "../../src/review/agreement-differences.js";
import { Breath } from "../../src/review/agreement-figures.js";

const RUBRIC: Rubric = { ...DEFAULT_RUBRIC, labels: [{ id: "odd", title: "Odd reading" }] };
const person = (who: string, total: number, repeats = 0): Annotator => ({
  ...{ who, name: who, role: "person", words: { decision: total }, total, repeats },
  ...{ first: "2026-01-01T09:00:00.000Z", last: "2026-01-03T17:00:00.000Z" },
});
export const PEOPLE = [person("Ann Lee", 412, 21), person("Bob", 390), person("Cy", 77)];

/** What two people said of so many attempts: mostly the same, and nearly everything wrong. */
export function words(attempts: number): JudgementWord[] {
  const random = seededRandom(7);
  const found: JudgementWord[] = [];
  const put = (
    who: string,
    attemptId: number,
    kind: JudgementWord["kind"],
    value: unknown,
    axis = "",
  ): void => {
    found.push({
      ...{ id: found.length + 1, target: "attempt", targetId: attemptId, attemptId, who, kind, axis },
      ...{ problemId: Math.ceil(attemptId / 2), value: value as string, pass: 1, before: null },
      at: "2026-01-02T10:00:00.000Z",
    });
  };
  for (let id = 1; id <= attempts; id++) {
    const bad = random() < 0.94;
    const near = (value: number): number =>
      Math.max(1, Math.min(5, value + Math.round(3 * (random() - 0.5))));
    const rating = 1 + Math.floor(random() * 5);
    const step = 1 + Math.floor(random() * 4);
    for (const who of ["Ann Lee", "Bob"]) {
      const turned = random() < 0.06;
      put(who, id, "decision", bad === turned ? "accepted" : "rejected");
      put(who, id, "rating", near(rating), "overall");
      if (random() < 0.8) put(who, id, "rating", near(rating), "explains");
      put(who, id, "firstWrongStep", random() < 0.05 ? 0 : step + (random() < 0.2 ? 1 : 0));
      put(who, id, "errorType", random() < 0.7 ? "sign" : "arithmetic");
      if (random() < 0.15) put(who, id, "label", true, "odd");
    }
  }
  return found;
}

/** The panel's state on these words, as the host makes it. */
export async function agreementState(
  said: readonly JudgementWord[],
  more: Partial<AgreementState> & { problem?: string } = {},
): Promise<AgreementState> {
  const people = ["Ann Lee", "Bob"];
  const query = { people, kind: "pair" as const, rubric: RUBRIC, resamples: 200 };
  const { report, subjects } = await agreement(said, query);
  const found = await disagreements(subjects, new Breath());
  const { problem = "Solve $2(x+3)=10$ for $x$.", ...rest } = more;
  return {
    people: PEOPLE,
    chosen: { a: "Ann Lee", b: "Bob" },
    names: Object.fromEntries(PEOPLE.map(({ who, name }) => [who, name])),
    report,
    lines: found.slice(0, 50).map(({ attemptId, differences }, i) => ({
      attemptId,
      problem,
      words: differences.map(
        ({ kind, axis, a, b }) =>
          `${subjectWords(kind, axis, RUBRIC)}: ${valueWords(kind, a, RUBRIC)} ↔ ${valueWords(kind, b, RUBRIC)}`,
      ),
      settled: i === 2,
    })),
    total: found.length,
    open: Math.max(0, found.length - 1),
    ...{ busy: false, leftOut: 2, me: "Ann Lee", readOnly: null },
    ...rest,
  };
}

const view = (text: string) => ({ text, steps: cutSteps(text), answer: "7/2", span: null });
const choices = (values: unknown[]) =>
  values.map((value) => ({ value: JSON.stringify(value), words: String(value) }));

/** One attempt with both people's words; its texts from outside are `text`. */
export function adjudicationItem(attemptId: number, text?: string): AdjudicationItem {
  const solution = text ?? "$2(x+3)=10$\n$2x+3=10$\n$2x=7$\n\\boxed{\\frac{7}{2}}";
  const subject = { differs: true, settled: null };
  return {
    attemptId,
    problem: { set: "s", id: "p", text: text ?? "Solve $2(x+3)=10$ for $x$.", gold: text ?? "2" },
    modelId: "base",
    verdict: "incorrect",
    solution: { ...view(solution), answer: text ?? "\\frac{7}{2}" },
    reflection: {
      analysis: text ?? "The bracket was opened wrongly: $2\\cdot 3$ is $6$, not $3$.",
      corrected: view(text ?? "$2x+6=10$\n$2x=4$\n\\boxed{2}"),
    },
    steps: { a: 2, b: 3 },
    subjects: [
      {
        ...{
          ...subject,
          key: "reflection:1:decision:",
          title: "Model’s correction",
          a: "accepted",
          b: "rejected",
        },
        choices: choices(["accepted", "rejected"]),
      },
      {
        ...{ key: "reflection:1:correction:", title: "Own correction", a: "wrote one", b: "wrote one" },
        ...{ differs: true, choices: [], settled: { who: "Cy", words: "the second’s" } },
      },
      {
        ...{
          ...subject,
          key: "attempt:1:firstWrongStep:",
          title: "First wrong step",
          a: "step 2",
          b: "step 3",
        },
        choices: choices(["none wrong", "step 1", "step 2", "step 3", "step 4", "step 5"]),
      },
      {
        ...{ key: "attempt:1:errorType:", title: "Error type", a: text ?? "Sign", b: null, differs: false },
        ...{ settled: null, choices: choices(["Sign", "Arithmetic"]) },
      },
      {
        ...{ ...subject, key: "reflection:1:rating:overall", title: "Overall", a: "2", b: "5" },
        choices: choices([1, 2, 3, 4, 5]),
      },
    ],
    texts: {
      a: { correction: view(text ?? "$2x+6=10$\n$x=2$"), note: text ?? "Step 2 loses the factor $2$." },
      b: { correction: view(text ?? "$2x+6=10$\n$2x=4$\n$x=2$"), note: null },
    },
    change: [
      { kind: "same", text: "$2x+6=10$\n" },
      { kind: "removed", text: text ?? "$x=" },
      { kind: "added", text: text ?? "$2x=4$\n$x=" },
      { kind: "same", text: "2$" },
    ],
  };
}

const STATE = await agreementState(words(6), { problem: "§" });
const named = { ...STATE, names: { ...STATE.names, "Ann Lee": "§", Bob: "§" } };
const nobody = { chosen: null, report: null, lines: [], total: 0 };

/** What the tests of all panels show of this one; `§` stands for any text from outside. */
export const AGREEMENT_STATES = [
  { name: "figures", state: named },
  { name: "counting", state: { ...named, busy: true } },
  {
    name: "only one",
    state: { ...named, ...nobody, people: PEOPLE.slice(0, 1).map((one) => ({ ...one, name: "§" })) },
  },
  { name: "nothing in common", state: { ...named, report: STATE.report && { ...STATE.report, rows: [] } } },
];
