import { html, nothing, type TemplateResult } from "lit";
import type { ComparedAttempt, ComparedAttempts } from "../../src/protocol/compare-panel.js";
import type { ComparedProblem, Comparison } from "../../src/protocol/comparison.js";
import { answer, icon, key, TONE, verdictChip } from "../shared/parts.js";
import { steps } from "../shared/steps.js";

export type Side = "a" | "b";

/** What is shown side by side, and what can be done with it. */
export interface PairState {
  problem: ComparedProblem;
  /** Null while the host reads them. */
  attempts: ComparedAttempts | null;
  /** Index of the shown attempt on each side. */
  at: Record<Side, number>;
  /** The side that the arrow keys step. */
  side: Side;
  raw: boolean;
  /** Position among the problems of its list. */
  position: string;
}
export interface PairActions {
  back(): void;
  next(by: 1 | -1): void;
  choose(side: Side, index: number): void;
  focus(side: Side): void;
  review(): void;
  raw(): void;
}

/** The attempts of both models at one problem, beside each other. */
export function pair(c: Comparison, state: PairState, act: PairActions): TemplateResult {
  const { problem } = state;
  const kind = [problem.level && `level ${problem.level}`, problem.kind].filter(Boolean).join(" · ");
  return html`<section class="pair" aria-label="Both models’ attempts">
    <div class="line pair-bar">
      <button type="button" class="plain back" @click=${act.back}>${icon("arrow-left")} All problems ${key("Esc")}</button>
      <span class="figures">${state.position}</span>
      <span class="push"></span>
      <span class="keys" aria-label="Keys">
        ${key("←", "→")} attempt · ${key("1", "2")} side · ${key("j", "k")} problem ·
        <button type="button" class="link" aria-pressed=${state.raw ? "true" : "false"} @click=${act.raw}>
          ${state.raw ? "typeset" : "raw"}
        </button>
        ${key("r")} ·
        <button type="button" class="link" @click=${act.review}>open in Review</button> ${key("o")}
      </span>
    </div>
    <div class="pair-problem">
      <errata-math .text=${problem.problem} .raw=${state.raw}></errata-math>
      <span class="faint">gold ${answer(problem.gold, state.raw)}${kind ? ` · ${kind}` : nothing}</span>
    </div>
    <div class="sides">${side(c, state, act, "a")} ${side(c, state, act, "b")}</div>
  </section>`;
}

function side(c: Comparison, state: PairState, act: PairActions, which: Side): TemplateResult {
  const { correct, scored } = state.problem[which];
  const all = state.attempts?.[which] ?? [];
  const shown = all[state.at[which]];
  const model = which === "a" ? c.modelA : c.modelB;
  const solved = scored > 0 && 2 * correct >= scored;
  return html`<section
    class="side ${state.side === which ? "active" : ""}"
    aria-label="Attempts of ${model}, ${which === "a" ? "before" : "after"}"
    aria-current=${state.side === which ? "true" : nothing}
    @pointerdown=${() => act.focus(which)}
  >
    <div class="line">
      <span class="dot ${which}"></span>
      <h2>${model}</h2>
      <span class=${solved ? "good" : "bad"}>${correct} of ${scored} right</span>
    </div>
    <div class="chips" role="group" aria-label="Attempts">
      ${all.map(
        (one, i) => html`<button
          type="button"
          class="chip ${TONE[one.verdict]} ${i === state.at[which] ? "here" : ""}"
          aria-current=${i === state.at[which] ? "true" : nothing}
          title="Attempt ${i + 1}: ${one.verdict}"
          @click=${() => act.choose(which, i)}
        >
          ${i + 1}
        </button>`,
      )}
    </div>
    ${shown ? attempt(shown, state, which === "b" ? firstDifference(state) : null) : html`<p class="none">${state.attempts ? "There is no attempt." : "Reading…"}</p>`}
  </section>`;
}

/** Number of the first step in which the shown attempts differ; null where one ends before, or nothing differs. */
function firstDifference({ attempts, at }: PairState): number | null {
  const [a, b] = [attempts?.a[at.a]?.solution.steps, attempts?.b[at.b]?.solution.steps];
  const index =
    b?.findIndex((step, i) => a?.[i] !== undefined && a[i]?.text.trim() !== step.text.trim()) ?? -1;
  return index < 0 ? null : index + 1;
}

function attempt(one: ComparedAttempt, { raw }: PairState, differs: number | null): TemplateResult {
  return html`<div class="line">
      ${verdictChip(one.verdict)}
      <span class="read">read <span class="boxed">${answer(one.solution.answer, raw)}</span></span>
      <span class="faint">${one.tokens} tokens</span>
    </div>
    <p class="why faint">${one.reason}</p>
    ${
      one.finish === "length"
        ? html`<p class="warn">${icon("warning")} The text ended at the token limit.</p>`
        : nothing
    }
    ${
      one.solution.steps.length === 0
        ? html`<p class="none">The model wrote nothing.</p>`
        : steps(one.solution, {
            raw,
            label: "Steps of the attempt",
            remark: ({ n }) => (n === differs ? html`<span class="faint">first difference</span>` : nothing),
          })
    }`;
}

/** The attempt to begin with: one that shows why the model counts as having solved the problem, or not. */
export function telling(problem: ComparedProblem, attempts: ComparedAttempts): Record<Side, number> {
  const of = (which: Side): number => {
    const { correct, scored } = problem[which];
    const wanted = 2 * correct >= scored ? "correct" : "incorrect";
    return Math.max(
      0,
      attempts[which].findIndex(({ verdict }) => verdict === wanted),
    );
  };
  return { a: of("a"), b: of("b") };
}
