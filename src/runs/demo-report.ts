import type { ComparedProblem, Figure } from "../protocol/comparison.js";

/** A figure of the base model and of the trained one. */
export interface BeforeAfter<T> {
  before: T;
  after: T;
}
/** Figures that stand beside each other before and after training. */
export const RATES = [
  "passAt1",
  "fixRate",
  "retryRate",
  "diagnosis",
  "fixIfDiagnosed",
  "fixIfMisdiagnosed",
  "accT2",
] as const;
export type Rate = (typeof RATES)[number];

/** One wrong attempt to read, with both models' reflections on it. */
export interface DemoExample {
  problem: string;
  gold: string;
  wrong: string;
  before: string;
  after: string;
}

/** What `errata demo` found: the `--json` answer (schemas/demo.schema.json). */
export interface DemoReport extends Record<Rate, BeforeAfter<number>> {
  model: string;
  trained: string;
  backend: string;
  /** Problems sampled for the pool, their attempts, and what became of them. */
  problems: number;
  attempts: number;
  correct: number;
  inPool: number;
  reflections: number;
  /** The trained model on its own wrong attempts; the rates above are on the base model's, for both. */
  own: { fixRate: Figure; retryRate: Figure; diagnosis: Figure };
  /** On the pool's own attempts, base model: apart from the held-out figures, which are over all wrong attempts. */
  pool: { fixRate: Figure; retryRate: Figure };
  /** Problems never trained on, and samples of each. */
  heldout: number;
  group: number;
  /** The rates above with their 95 % intervals, what they were counted over, and the difference, paired by problem. */
  intervals: Record<Rate, BeforeAfter<Figure> & { difference: Figure }>;
  fixed: number;
  regressed: number;
  mcnemarP: number;
  tokensPerSecond: number;
  /** By stage. */
  seconds: Record<string, number>;
  run: { steps: number; method: string; id: string };
  examples: {
    fixed: Pick<ComparedProblem, "problem" | "a" | "b">[];
    regressed: Pick<ComparedProblem, "problem" | "a" | "b">[];
    reflection: DemoExample | null;
  };
  workspace: string;
}

/** What each rate is called, and what it is. */
export const TITLES: Record<Rate, [string, string]> = {
  passAt1: ["First attempt right", "pass@1, mean over problems"],
  fixRate: ["Mended after its own reflection", "fix rate, of the base model's wrong attempts"],
  retryRate: ["Right on a plain retry", "a fresh attempt where the base model's was wrong"],
  diagnosis: ["Error found", "names the first wrong line and the kind of error"],
  fixIfDiagnosed: ["Mended where the error was found", "P(fix | diagnosis right)"],
  fixIfMisdiagnosed: ["Mended where it was not", "P(fix | diagnosis wrong)"],
  accT2: ["Right after one reflection", "first attempt right, or wrong and then mended"],
};

/** The loop's steps: name and what came out. */
export function steps(report: DemoReport): [string, string][] {
  const { attempts, correct, problems, inPool, reflections, pool, run } = report;
  return [
    [
      "Sampled",
      `${problems} problems × ${report.group} = ${count(attempts)} attempts, ${count(correct)} right (${percent(correct / Math.max(1, attempts))})`,
    ],
    ["Error pool", `${count(inPool)} wrong attempts, on problems at the edge of what the model can do`],
    [
      "Reflected",
      `${count(reflections)} of them: ${percent(pool.fixRate.value)} mended, against ${percent(pool.retryRate.value)} by a plain retry`,
    ],
    [
      "Trained",
      `${run.method === "scrpo" ? "ScRPO" : run.method}, ${run.steps} steps in ${time(report.seconds.train ?? 0)} (run ${run.id})`,
    ],
  ];
}

/** What these figures allow to be said, and what they do not. */
export function claim(report: DemoReport): string {
  const { fixRate, retryRate, diagnosis, fixIfMisdiagnosed } = report.intervals;
  const said: string[] = [];
  const rose = ({ difference }: { difference: Figure }) => difference.low > 0;
  if (rose(fixRate)) {
    said.push(
      `After ScRPO the model mends more: of the same wrong attempts at problems it never saw, ${percent(fixRate.after.value)} instead of ${percent(fixRate.before.value)}.`,
    );
    said.push(
      fixRate.after.low > retryRate.after.high
        ? `That is more than a fresh attempt gives (${percent(retryRate.after.value)}): the reflection does it, not the second chance.`
        : `But a fresh attempt of the trained model is right in ${percent(retryRate.after.value)} (before: ${percent(retryRate.before.value)}): these figures do not tell how much of the gain is better correction, and how much better solving.`,
    );
    said.push(
      rose(diagnosis)
        ? "It finds the error more often, too."
        : "That it finds the error more often is not shown.",
    );
    if (rose(fixIfMisdiagnosed)) {
      said.push(
        "Part of the gain is the analysis acting as a call for care: corrections succeed more often even after a wrong diagnosis.",
      );
    }
  } else {
    said.push(
      "In this run the fix rate did not clearly rise: the interval of the difference covers zero. Another seed or more steps may differ; this one shows nothing.",
    );
  }
  said.push(
    "No claim is made that ScRPO is better at first attempts than plain GRPO: its first stage is GRPO, and this demo does not compare the two. The model has 0.2 million parameters and one kind of problem; the gains that papers report belong to models of 1.5 billion parameters and more.",
  );
  return said.join(" ");
}

/** The trained model on what it still gets wrong. */
export function ownErrors({ own }: DemoReport): string {
  const { fixRate, retryRate, diagnosis } = own;
  const said = ({ value, low, high }: Figure) => `${number(value)} % [${number(low)}, ${number(high)}]`;
  return `Both models reflect on the same wrong attempts, the base model's. Of the ${count(fixRate.n)} that the trained model itself still gets wrong it mends ${said(fixRate)}, against ${said(retryRate)} by a plain retry, and finds the error in ${said(diagnosis)}.`;
}

/** Percent with one decimal, without the sign. */
export const number = (share: number) => (100 * share).toFixed(1);
export const count = (n: number) => Math.round(n).toLocaleString("en").replaceAll(",", " ");
export const pValue = (p: number) => (p < 0.001 ? p.toExponential(1) : p.toFixed(3));

export function time(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
