import { html, nothing, type TemplateResult } from "lit";
import type { CompareTab } from "../../src/protocol/compare-panel.js";
import type { Comparison } from "../../src/protocol/comparison.js";
import type { Intrinsic, ReflectionLift, Verification } from "../../src/protocol/comparison-parts.js";
import { boundary } from "./boundary.js";
import { PROTOCOLS, protocolChip, type Row, table } from "./figures.js";

type Measure = () => void;

/** What stands under a tab that is no list of problems. */
export function details(
  c: Comparison,
  tab: Exclude<CompareTab, "regressed" | "fixed">,
  measure: Measure,
): TemplateResult {
  switch (tab) {
    case "first":
      return first(c);
    case "reflection":
      return reflection(c, measure);
    case "second":
      return c.intrinsic
        ? second(c, c.intrinsic)
        : missing("No second look was measured.", "intrinsic", measure);
    case "verification":
      return c.verification
        ? verification(c, c.verification)
        : missing("No verification was measured.", "intrinsic", measure);
  }
}

function first(c: Comparison): TemplateResult {
  const { passAtK, boundary: found } = c;
  if (!passAtK || !found) return html`<p class="none">This comparison is older than these figures.</p>`;
  const rows: Row[] = [
    ...passAtK.curve.map((one) => ({
      name: `pass@${one.k}`,
      what:
        one.k === 1
          ? `one sample is right; also avg@${passAtK.average.k}`
          : `one of ${one.k} samples is right`,
      definition: "Unbiased: 1 − C(n−c, k) / C(n, k) by problem, averaged (Chen et al., arXiv 2107.03374).",
      pair: one,
      of: "problems",
    })),
    {
      name: "Groups without variance",
      what: "all samples right, or all wrong",
      definition: "Share of problems with p(1−p) = 0: their groups teach a group-relative method nothing.",
      pair: found.zeroVariance,
      better: "neither",
      of: "problems",
    },
    {
      name: "Unsolved",
      what: "no sample is right",
      pair: found.states.unsolved,
      better: "less",
      of: "problems",
    },
    { name: "Mastered", what: "every sample is right", pair: found.states.mastered, of: "problems" },
  ];
  const { sampling, truncated } = c;
  return html`<div class="detail">
    ${table(c, rows)} ${boundary(c, found)}
    <p class="faint foot">
      ${sampling ? html`Sampled alike: ${settings(sampling)}. ` : nothing}
      ${truncated ? html`${truncated.a} and ${truncated.b} attempts ended at the token limit, counted as wrong. ` : nothing}
      ${c.unscored.a} and ${c.unscored.b} are unscored and left out.
    </p>
  </div>`;
}

function settings({ temperature, topP, topK, maxTokens, seed }: NonNullable<Comparison["sampling"]>): string {
  const parts = [`temperature ${temperature}`];
  if (topP < 1) parts.push(`top-p ${topP}`);
  if (topK > 0) parts.push(`top-k ${topK}`);
  return [...parts, `at most ${maxTokens} tokens`, `seed ${seed} for both models`].join(", ");
}

function reflection(c: Comparison, measure: Measure): TemplateResult {
  const own: Row[] = [
    {
      name: "Fix rate on its own errors",
      what: "wrong first attempts that its own reflection mends",
      definition: "Each model on its own wrong attempts: a better model has fewer, and harder ones.",
      pair: { a: c.fixRate.a, b: c.own.fixRate },
      of: "wrong attempts",
    },
    {
      name: "Plain retry of its own errors",
      what: "right when simply tried again",
      pair: { a: c.retryRate.a, b: c.own.retryRate },
      of: "wrong attempts",
    },
  ];
  return html`<div class="detail">
    <div class="line"><h2>Each model on its own wrong attempts</h2>${protocolChip("oracle-gated")}</div>
    ${table(c, own)}
    ${c.lift ? liftTable(c, c.lift) : missing("The reflection lift was not measured.", undefined, measure)}
  </div>`;
}

function liftTable(c: Comparison, { a, b }: ReflectionLift): TemplateResult {
  const of = "wrong attempts whose reflection has both sections";
  const rows: Row[] = [
    { name: "From its own analysis", what: "corrections that are right", pair: { a: a.own, b: b.own }, of },
    {
      name: "From a neutral text",
      what: "as long as the analysis it replaces, and says nothing",
      pair: { a: a.neutral, b: b.neutral },
    },
    {
      name: "Reflection lift",
      what: "own − neutral: what the analysis itself is worth",
      definition:
        "Fix rate with the reflection − fix rate with a neutral text of the same length, on the same attempts.",
      pair: { a: a.lift, b: b.lift },
    },
  ];
  if (a.shuffled && b.shuffled && a.shuffleDrop && b.shuffleDrop) {
    rows.push(
      {
        name: "From another problem's analysis",
        what: "analyses shuffled among problems",
        pair: { a: a.shuffled, b: b.shuffled },
      },
      {
        name: "Drop when shuffled",
        what: "own − shuffled; none would mean that nobody reads the analysis",
        pair: { a: a.shuffleDrop, b: b.shuffleDrop },
      },
    );
  }
  return html`<div class="line"><h2>Reflection lift</h2>${protocolChip("oracle-gated")}</div>
    ${table(c, rows)}
    <p class="faint foot">${a.unscored} and ${b.unscored} unscored, left out.</p>`;
}

function second(c: Comparison, found: Intrinsic): TemplateResult {
  const of = "problems";
  const rows: Row[] = [
    { name: "Acc@t1", what: "right at the first attempt", pair: found.accT1, of },
    { name: "Acc@t2", what: "right at the second", pair: found.accT2, of },
    {
      name: "Δ",
      what: "Acc@t2 − Acc@t1 = Δ i→c − Δ c→i",
      pair: found.delta,
      of,
    },
    { name: "Δ i→c", what: "wrong, then right: of all attempts", pair: found.deltaIC, of },
    { name: "Δ c→i", what: "right, then wrong: of all attempts", pair: found.deltaCI, of, better: "less" },
    {
      name: "Answer changed",
      what: "the second final answer is another one",
      definition: "Compared by the grader: 1/2 after \\frac{1}{2} is no change.",
      pair: found.changedAnswer,
      of,
      better: "neither",
    },
    {
      name: "Edit-distance ratio",
      what: "words changed, of the words of both texts",
      definition: "Levenshtein distance in words over the length of both texts together: 0 is the same text.",
      pair: found.editRatio,
      of,
      better: "neither",
    },
  ];
  const conditional: Row[] = [
    {
      name: "ICR",
      what: "of the wrong first attempts, those that end right",
      pair: found.conditional.icr,
      of: "wrong attempts",
    },
    {
      name: "CIR",
      what: "of the right first attempts, those that end wrong",
      pair: found.conditional.cir,
      better: "less",
      of: "right attempts",
    },
  ];
  return html`<div class="detail">
    <div class="line"><h2 class="asis">SCoRe’s metrics, of all attempts</h2>${protocolChip("intrinsic")}</div>
    ${table(c, rows)}
    <div class="line"><h2 class="asis">S²R’s rates, conditional</h2>${protocolChip("intrinsic")}</div>
    ${table(c, conditional)}
    <p class="faint foot">
      ${PROTOCOLS.intrinsic}. ${found.unscored.a} and ${found.unscored.b} pairs are unscored and left out.
    </p>
  </div>`;
}

function verification(c: Comparison, found: Verification): TemplateResult {
  const rows: Row[] = [
    {
      name: "Verification accuracy",
      what: "says of the attempt what the grader does",
      pair: found.accuracy,
      of: "verifications",
    },
    {
      name: "Error recall",
      what: "of the wrong attempts, those it calls wrong",
      pair: found.errorRecall,
      of: "wrong attempts",
    },
    {
      name: "Correct precision",
      what: "of those it calls right, those that are",
      pair: found.correctPrecision,
      of: "called right",
    },
    {
      name: "Unparsable",
      what: `no verdict at the end: ${found.unparsableCount.a} and ${found.unparsableCount.b}, left out above`,
      pair: found.unparsable,
      better: "less",
      of: "verifications",
    },
  ];
  return html`<div class="detail">
    <div class="line"><h2 class="asis">S²R’s metrics, on its own first attempts</h2>${protocolChip("intrinsic")}</div>
    ${table(c, rows)}
    <p class="faint foot">
      Nothing tells the model whether the attempt was right. ${found.unscored.a} and ${found.unscored.b} attempts are
      unscored and left out.
    </p>
  </div>`;
}

function missing(
  what: string,
  protocol: keyof typeof PROTOCOLS | undefined,
  measure: Measure,
): TemplateResult {
  return html`<div class="missing">
    <p class="faint">${what} ${protocol ? `${PROTOCOLS[protocol]}.` : nothing}</p>
    <vscode-button appearance="secondary" @click=${measure}>Measure…</vscode-button>
    <p class="faint">What was sampled before is not sampled again.</p>
  </div>`;
}
