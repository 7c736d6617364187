import { html, nothing, type TemplateResult } from "lit";
import type { Step } from "../../src/protocol/steps.js";
import { answer, chip, icon, verdictChip } from "../shared/parts.js";
import { steps } from "../shared/steps.js";
import { type ItemView, keyOf, withheld } from "./context.js";
import { opinions, opinionsShown, readings as readingsOf } from "./opinions.js";
import { titleOf } from "./rubric.js";
import { differing, siblings } from "./siblings.js";

/**
 * The left column: the attempt, its verdict with what the grader read, and the problem's other attempts. What is not
 * `shown` is only made ready, and goes by no name that is looked for.
 */
export function solution(view: ItemView, shown: boolean): TemplateResult {
  const { item, raw } = view;
  const { firstWrong } = item.mine;
  const differ = view.sibling && differing(item.solution.steps, view.sibling.solution.steps)[0];
  const marks = readingsOf(view);
  return html`<section class="part ${shown ? "solution" : ""}" aria-label="Attempt">
    <div class="line">
      <h2>${item.verdict === null || item.verdict === "correct" ? "Solution" : "Failed solution"}</h2>
      ${item.hidden ? withheld("verdict and gold answer hidden until you have judged") : verdict(view)}
      ${item.hidden ? nothing : readings(view)}
      ${kind(view)}
    </div>
    ${
      view.showWhy && !item.hidden
        ? html`<p class="why">
            ${opinionsShown(view) ? nothing : item.reason} <span class="by">${item.modelId}, ${item.tokens.toLocaleString("en-US")} tokens</span>
          </p>`
        : nothing
    }
    ${opinions(view)}
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
            screens: view.screens,
            label: "Steps of the solution",
            hints: view.hints,
            ...(marks ? { readings: marks } : {}),
            cursor: view.state.cursor,
            choose: view.cursor,
            tone: (step) => `${tone(step, firstWrong)} ${differ?.has(step.n) ? "differs" : ""}`,
            remark: (step) => remark(view, step),
          })
    }
    ${firstWrong === 0 ? html`<p class="why good">${icon("check")}No wrong step, in your judgement ${keyOf("noWrongStep")}</p>` : nothing}
    ${siblings(view)}
  </section>`;
}

/** What the grader read, what it should be, and why it decided so. */
function readings(view: ItemView): TemplateResult {
  const { item, raw } = view;
  return html`<span class="read">
    read <span class="boxed">${answer(item.solution.answer, raw)}</span> · gold ${answer(item.problem.gold, raw)} ·
    <button
      type="button"
      class="link"
      aria-expanded=${view.showWhy ? "true" : "false"}
      @click=${() => view.toggleWhy()}
    >
      why
    </button>
    ${item.reflection?.modelId === item.modelId ? nothing : html` · by ${item.modelId}`}
  </span>`;
}

/** A person's overrule stands beside the grader's verdict, never in its place. */
function verdict(view: ItemView): TemplateResult | typeof nothing {
  const { item } = view;
  const { mine } = item;
  if (item.verdict === null) return nothing;
  return mine.verdict === undefined
    ? verdictChip(item.verdict)
    : html`${chip("quiet struck", item.graded ?? item.verdict, "The grader’s verdict")}${verdictChip(mine.verdict, `${mine.verdict === "unscored" ? "unscorable" : mine.verdict}, you say`)}`;
}

/** A generator's, a machine's or another's word; what this person says stands below, where it moves no line. */
function kind(view: ItemView): TemplateResult | typeof nothing {
  const { errorType, mine } = view.item;
  if (errorType === null || errorType === mine.errorType) return nothing;
  return chip(
    "quiet",
    html`${icon("tag")}${titleOf(view.state.rubric.errorTypes, errorType)}`,
    "Kind of error",
  );
}

function tone(step: Step, firstWrong: number | undefined): string {
  if (firstWrong === step.n) return "wrong";
  return firstWrong !== undefined && firstWrong > 0 && step.n > firstWrong ? "after" : "";
}

function remark(view: ItemView, step: Step): TemplateResult | typeof nothing {
  const { firstWrong } = view.item.mine;
  if (firstWrong === step.n) {
    return html`${icon("arrow-left")}first wrong step ${keyOf("firstWrong")}`;
  }
  if (firstWrong && step.n === firstWrong + 1)
    return html`<span class="faint">follows from ${firstWrong}</span>`;
  if (firstWrong === undefined && step.n === view.state.cursor) {
    return html`<button type="button" class="plain offer" @click=${() => view.act("firstWrong")}>
      first wrong here? ${keyOf("firstWrong")}
    </button>`;
  }
  return nothing;
}
