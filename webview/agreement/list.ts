import { html, nothing, type TemplateResult } from "lit";
import type { AgreementState } from "../../src/protocol/agreement.js";
import { chip, icon } from "../shared/parts.js";
import { short } from "../shared/short.js";

/** Attempts on which the two differ, the most instructive first. */
export function list(
  state: AgreementState,
  open: (attemptId: number) => void,
  more: () => void,
): TemplateResult {
  const { lines, total, open: unsettled, report } = state;
  if (total === 0) {
    return html`<p class="none">
      ${report && report.attempts > 0 ? "They say the same wherever both judged." : "Nothing to show."}
    </p>`;
  }
  return html`<div class="line list-head">
      <h2>Disagreements</h2>
      <span class="faint">
        ${total} ${total === 1 ? "attempt" : "attempts"}${report?.kind === "pair" ? `, ${unsettled} open` : nothing},
        the most instructive first
      </span>
    </div>
    <ol class="disagreements">
      ${lines.map(
        ({ attemptId, problem, words, settled }) => html`<li>
          <button type="button" class="plain entry" data-attempt=${attemptId} @click=${() => open(attemptId)}>
            <errata-math class="title" .text=${short(problem, 300)} .lazy=${true}></errata-math>
            <span class="words">
              ${words.slice(0, 3).map((one, i) => chip(i === 0 && !settled ? "bad" : "quiet", short(one, 90)))}
              ${words.length > 3 ? html`<span class="faint">+${words.length - 3}</span>` : nothing}
            </span>
            <span class="state faint">${settled ? html`${icon("check")} settled` : nothing}</span>
          </button>
        </li>`,
      )}
    </ol>
    ${
      lines.length < total
        ? html`<vscode-button appearance="secondary" @click=${more}>Show more (${total - lines.length} left)</vscode-button>`
        : nothing
    }`;
}
