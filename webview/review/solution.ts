import { html, nothing, type TemplateResult } from "lit";
import type { SiblingCluster, SolutionView } from "../../src/protocol/review.js";
import type { Step } from "../../src/protocol/steps.js";
import { answer, chip, icon, key, TONE, verdictChip } from "../shared/parts.js";
import type { ItemView } from "./context.js";

/** Beyond this many steps, only what comes near the screen is typeset. */
const LAZY_FROM = 40;

export interface StepsOptions {
  raw: boolean;
  /** What stands at the right of a step. */
  remark?: (step: Step) => TemplateResult | typeof nothing;
  /** Classes of a step. */
  tone?: (step: Step) => string;
  cursor?: number;
  choose?: (step: number) => void;
  label: string;
}

/** A solution in numbered typeset steps. */
export function steps(solution: SolutionView, options: StepsOptions): TemplateResult {
  const lazy = solution.steps.length > LAZY_FROM;
  return html`<ol class="steps" aria-label=${options.label}>
    ${solution.steps.map((step) => {
      const current = options.cursor === step.n;
      return html`<li
        class="step ${options.tone?.(step) ?? ""} ${current ? "cursor" : ""}"
        aria-current=${current ? "step" : nothing}
        @click=${options.choose ? () => options.choose?.(step.n) : nothing}
      >
        <span class="number" aria-hidden="true">${step.n}</span>
        <errata-math
          .text=${step.text}
          .raw=${options.raw}
          .lazy=${lazy}
          .mark=${within(solution.span, step)}
        ></errata-math>
        <span class="remark">${options.remark?.(step) ?? nothing}</span>
      </li>`;
    })}
  </ol>`;
}

function within(span: [number, number] | null, step: Step): [number, number] | null {
  if (!span || span[1] <= step.start || span[0] >= step.start + step.text.length) return null;
  return [Math.max(0, span[0] - step.start), Math.min(step.text.length, span[1] - step.start)];
}

/** The left column: the attempt, its verdict with what the grader read, and the problem's other attempts. */
export function solution(view: ItemView): TemplateResult {
  const { item, raw } = view;
  const { firstWrong } = item.mine;
  return html`<section class="solution" aria-label="Attempt">
    <div class="line">
      <h2>${item.verdict === "correct" ? "Solution" : "Failed solution"}</h2>
      ${verdict(view)}
      <span class="read">
        read <span class="boxed">${answer(item.solution.answer, raw)}</span> · gold
        ${answer(item.problem.gold, raw)} ·
        <button
          type="button"
          class="link"
          aria-expanded=${view.showWhy ? "true" : "false"}
          @click=${() => view.toggle("why")}
        >
          why
        </button>
        ${item.reflection?.modelId === item.modelId ? nothing : html` · by ${item.modelId}`}
      </span>
    </div>
    ${view.showWhy ? html`<p class="why">${item.reason} <span class="by">${item.modelId}, ${item.tokens} tokens</span></p>` : nothing}
    ${
      item.finish === "length"
        ? html`<p class="why warn">${icon("warning")}The text ended at the token limit.</p>`
        : nothing
    }
    ${
      item.solution.steps.length === 0
        ? html`<p class="none">The model wrote nothing.</p>`
        : steps(item.solution, {
            raw,
            label: "Steps of the solution",
            cursor: view.state.cursor,
            choose: view.cursor,
            tone: (step) =>
              firstWrong === step.n
                ? "wrong"
                : firstWrong !== undefined && firstWrong > 0 && step.n > firstWrong
                  ? "after"
                  : "",
            remark: (step) => remark(step, firstWrong, view.state.cursor),
          })
    }
    ${firstWrong === 0 ? html`<p class="why good">${icon("check")}No wrong step, in your judgement ${key("0")}</p>` : nothing}
    ${siblings(view)}
  </section>`;
}

/** A person's overrule stands beside the grader's verdict, never in its place. */
function verdict(view: ItemView): TemplateResult {
  const { item } = view;
  const { mine } = item;
  return html`${
    mine.verdict === undefined
      ? verdictChip(item.verdict)
      : html`${chip("quiet struck", item.verdict, "The grader’s verdict")}${verdictChip(mine.verdict, `${mine.verdict === "unscored" ? "unscorable" : mine.verdict}, you say`)}`
  }
  ${item.errorType ? chip("quiet", html`${icon("tag")}${item.errorType}`, "Kind of error") : nothing}
  ${mine.flag ? chip("warn", html`${icon("flag")}flagged`) : nothing}
  ${mine.badProblem ? chip("bad", html`${icon("circle-slash")}bad problem`, "Left out of the pool and of every figure") : nothing}`;
}

function remark(step: Step, firstWrong: number | undefined, cursor: number): TemplateResult | typeof nothing {
  if (firstWrong === step.n) return html`${icon("arrow-left")}first wrong step ${key("w")}`;
  if (firstWrong && step.n === firstWrong + 1)
    return html`<span class="faint">follows from ${firstWrong}</span>`;
  if (firstWrong === undefined && step.n === cursor) {
    return html`<span class="faint offer">first wrong here? ${key("w")}</span>`;
  }
  return nothing;
}

function siblings(view: ItemView): TemplateResult | typeof nothing {
  const clusters = view.item.siblings;
  const total = clusters.reduce((n, c) => n + c.attemptIds.length, 0);
  if (total < 2) return nothing;
  return html`<div class="siblings">
    <div class="line">
      <h2>Attempts at this problem</h2>
      ${key("s")}
    </div>
    <div class="chips">
      ${clusters.map((c) => cluster(view, c))}
      <span class="figures"
        >${total} attempts, ${clusters.length} ${clusters.length === 1 ? "answer" : "answers"},
        ${entropy(clusters, total).toFixed(1)} bits</span
      >
    </div>
    ${
      view.showSiblings
        ? html`<ul class="every">
            ${clusters.map(
              (c) => html`<li>
                ${verdictChip(c.verdict)} ${answer(c.answer, view.raw)}
                <span class="ids">
                  ${c.attemptIds.map(
                    (id) =>
                      html`<button
                        type="button"
                        class="link"
                        ?disabled=${id === view.item.attemptId}
                        title=${id === view.item.attemptId ? "This attempt" : `Open attempt ${id}`}
                        @click=${() => view.openAttempt(id)}
                      >
                        ${id}
                      </button>`,
                  )}
                </span>
              </li>`,
            )}
          </ul>`
        : nothing
    }
  </div>`;
}

function cluster(view: ItemView, c: SiblingCluster): TemplateResult {
  const at = c.attemptIds.indexOf(view.item.attemptId);
  const next = c.attemptIds[(at + 1) % c.attemptIds.length];
  const n = c.attemptIds.length;
  return html`<button
    type="button"
    class="chip ${TONE[c.verdict]} ${at >= 0 ? "here" : ""}"
    title="${n} ${n === 1 ? "attempt" : "attempts"}, ${c.verdict}; opens one"
    aria-current=${at >= 0 ? "true" : nothing}
    @click=${() => {
      if (next !== undefined && next !== view.item.attemptId) view.openAttempt(next);
    }}
  >
    ${answer(c.answer, view.raw)}${n > 1 ? html`<span class="times">×${n}</span>` : nothing}
  </button>`;
}

/** Shannon entropy of the answers, in bits: 0 when every attempt says the same. */
function entropy(clusters: SiblingCluster[], total: number): number {
  return clusters.reduce((h, c) => {
    const p = c.attemptIds.length / total;
    return h - p * Math.log2(p);
  }, 0);
}
