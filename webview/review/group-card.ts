import { html, nothing, type TemplateResult } from "lit";
import type { Verdict } from "../../src/protocol/types.js";
import type { GroupCard } from "../../src/protocol/verdicts.js";
import { answer, chip, icon, share } from "../shared/parts.js";
import type { ItemView } from "./context.js";
import "./group-card.css";

/** What the header says of a group whose majority is wrong; opens the group. */
export function majorityChip(view: ItemView): TemplateResult | typeof nothing {
  const { card } = view.item;
  if (!card?.majorityWrong) return nothing;
  return html`<button
    type="button"
    class="chip bad"
    title="Most attempts agree on a wrong answer: the most instructive kind. Shows the group"
    aria-expanded=${view.list === "siblings" ? "true" : "false"}
    @click=${() => view.toggleList("siblings")}
  >
    ${icon("flame")}majority wrong
  </button>`;
}

/** The majority against gold, and whether it is wrong and consistent. */
export function headline(
  { majority, majorityWrong, gold, scored, bad }: GroupCard,
  raw: boolean,
): TemplateResult {
  const left = bad
    ? html`<p class="why warn">
        ${icon("circle-slash")}Bad problem or wrong gold answer: this group is left out of every figure.
      </p>`
    : nothing;
  if (!majority) {
    return html`${left}
      <p class="headline">
        ${scored === 0 ? "Nothing of this group could be scored." : "No answer is more frequent than all others."}
        <span class="faint">gold ${answer(gold || null, raw)}</span>
      </p>`;
  }
  const words = majorityWrong
    ? chip("bad", html`${icon("flame")}The majority is wrong and consistent`, "The most instructive kind")
    : majority.verdict === "correct"
      ? chip("good", html`${icon("check")}The majority is right`)
      : chip("quiet", "No consistent majority");
  return html`${left}
    <p class="headline">
      ${words}
      <span
        >majority <span class="boxed">${answer(majority.answer, raw)}</span>
        <span class="faint">${share(majority.share)} of the answers</span> · gold ${answer(gold || null, raw)}</span
      >
    </p>`;
}

/** How many of the group gave this answer. */
export const bar = (verdict: Verdict, n: number, total: number): TemplateResult =>
  html`<progress class="tone-${verdict}" aria-hidden="true" max=${Math.max(1, total)} .value=${n}></progress>
    <span class="count">${n}<span class="faint"> of ${total}</span></span>`;

export function passFigures({ passAtK, correct, scored }: GroupCard): TemplateResult | typeof nothing {
  if (scored === 0) return nothing;
  return html`<p class="faint figures-line">
    ${correct} of ${scored} scored are right ·
    <span title="Unbiased: 1 − C(n−c, k) / C(n, k) (Chen et al., arXiv 2107.03374)"
      >${passAtK.map(({ k, value }, i) => html`${i > 0 ? " · " : ""}pass@${k} <b>${value.toFixed(2)}</b>`)}</span
    >
  </p>`;
}
