import { html, type TemplateResult } from "lit";
import type { ComparedProblem, ComparedSide, Comparison } from "../../src/protocol/comparison.js";
import { answer, icon } from "../shared/parts.js";

/** What changed, problem by problem; a press opens the attempts of both models side by side. */
export function problems(
  c: Comparison,
  which: "regressed" | "fixed",
  open: (problem: ComparedProblem) => void,
): TemplateResult {
  const rows = c[which];
  if (rows.length === 0) {
    return html`<p class="none">
      ${which === "regressed" ? "No problem that was solved is now unsolved." : "No problem that was unsolved is now solved."}
    </p>`;
  }
  return html`<div class="scroll" role="group" aria-label="Problems" tabindex="0">
    <table class="changed">
      <thead>
        <tr>
          <th scope="col">Problem</th>
          <th scope="col">Kind</th>
          <th scope="col">${c.modelA}</th>
          <th scope="col">${c.modelB}</th>
          <th scope="col">Gold</th>
          <th scope="col"><span class="hidden">Open</span></th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => line(row, open))}
      </tbody>
    </table>
  </div>`;
}

function line(row: ComparedProblem, open: (problem: ComparedProblem) => void): TemplateResult {
  const kind = [row.level && `level ${row.level}`, row.kind].filter(Boolean).join(" · ");
  return html`<tr class="open" @click=${() => open(row)}>
    <td><errata-math .text=${row.problem} .lazy=${true}></errata-math></td>
    <td class="faint">${kind}</td>
    <td>${score(row.a)}</td>
    <td>${score(row.b)}</td>
    <td>${answer(row.gold)}</td>
    <td>
      <button
        type="button"
        class="plain"
        title="Both models’ attempts, side by side"
        aria-label="Both models’ attempts, side by side"
        data-problem=${row.problemRowId}
        @click=${(event: Event) => {
          event.stopPropagation();
          open(row);
        }}
      >
        ${icon("arrow-right")}
      </button>
    </td>
  </tr>`;
}

function score({ correct, scored }: ComparedSide): TemplateResult {
  const solved = scored > 0 && correct / scored >= 0.5;
  return html`<span class=${solved ? "good" : "bad"}>${correct}/${scored}</span>`;
}
