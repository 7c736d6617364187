import { html, nothing, type TemplateResult } from "lit";
import type { RolloutsView } from "../../src/protocol/run-panel.js";
import { answer, chip, share, TONE } from "../shared/parts.js";

/** The latest rollouts, wrong first; in the correction stage, what receives gradient stands out. */
export function rollouts(view: RolloutsView | null): TemplateResult | typeof nothing {
  if (!view) return nothing;
  const correction = view.rows.some((row) => row.stage === "correction");
  return html`<section class="rollouts" aria-label="Rollouts">
    <div class="line">
      <h2>Rollouts at step ${view.step}</h2>
      <span class="read">wrong first · ${view.shown} of ${view.total}</span>
    </div>
    <div class="scroll">
      <table class=${correction ? "correction" : "trial"}>
        <thead>
          <tr>
            <th scope="col">Problem</th>
            <th scope="col">${correction ? "Wrong solution" : "Solution"}</th>
            ${correction ? html`<th scope="col">Analysis (shaded: receives gradient)</th>` : nothing}
            <th scope="col">Answer</th>
            <th scope="col" class="number">Reward</th>
            <th scope="col" class="number">Advantage</th>
            <th scope="col" class="number">Learning</th>
          </tr>
        </thead>
        <tbody>
          ${view.rows.map((row, i) => line(row, correction, view.rows[i - 1]?.problem === row.problem))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function line(row: RolloutsView["rows"][number], correction: boolean, same: boolean): TemplateResult {
  const solution = correction ? (row.wrong ?? "") : row.completion;
  const analysis = row.analysis ?? row.completion;
  return html`<tr>
    <td><errata-math class=${same ? "same" : ""} .text=${row.problem} .lazy=${true}></errata-math></td>
    <td class="faint"><errata-math class="clamp" .text=${solution} .lazy=${true}></errata-math></td>
    ${
      correction
        ? html`<td class=${row.learning_tokens > 0 ? "learns" : ""}>
            <errata-math class="clamp" .text=${analysis} .lazy=${true}></errata-math>
          </td>`
        : nothing
    }
    <td>${chip(TONE[row.verdict], answer(row.answer), `${row.verdict}; gold ${row.gold}`)}${row.times > 1 ? html` <span class="faint" title="Written ${row.times} times">×${row.times}</span>` : nothing}</td>
    <td class="number">${share(row.reward)}</td>
    <td class="number ${row.advantage > 0 ? "good" : row.advantage < 0 ? "bad" : ""}">${signed(row.advantage)}</td>
    <td class="number" title="Tokens that receive a policy gradient, of all">${row.learning_tokens} of ${row.tokens}</td>
  </tr>`;
}

function signed(value: number): string {
  const text = share(Math.abs(value));
  return value > 0 ? `+${text}` : value < 0 ? `−${text}` : "0";
}
