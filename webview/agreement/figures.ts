import { html, type nothing, svg, type TemplateResult } from "lit";
import {
  AGREEMENT_FIGURES,
  type AgreementFigure,
  type AgreementFigureName,
  type AgreementReport,
  type AgreementRow,
} from "../../src/protocol/agreement.js";
import { share } from "../shared/parts.js";
import { short } from "../shared/short.js";

const COLUMNS: Record<AgreementFigureName, { name: string; what: string }> = {
  percent: { name: "Agreement", what: "Share of items on which they say the same" },
  kappa: { name: "Cohen’s κ", what: "Beyond chance (Cohen 1960); collapses where nearly all is alike" },
  ac1: { name: "Gwet’s AC1", what: "Beyond chance (Gwet 2008); holds where nearly all is alike" },
  weightedKappa: { name: "Quadratic κ", what: "κ of a scale: neighbours are nearly right (Cohen 1968)" },
  ac2: { name: "Gwet’s AC2", what: "AC1 of a scale, with quadratic weights" },
  alpha: {
    name: "Krippendorff’s α",
    what: "Of any number of people, not all on every item; ratings by squared distance (Krippendorff 2011)",
  },
};

/** Every figure with its interval, as text and as a small bar; a row is chosen to show its table of words. */
export function figures(
  report: AgreementReport,
  chosen: string | null,
  choose: (row: string) => void,
): TemplateResult {
  const columns = AGREEMENT_FIGURES.filter((name) => report.rows.some((row) => row.figures[name]));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Figures of agreement">
    <table class="figures-table">
      <thead>
        <tr>
          <th scope="col">What</th>
          ${columns.map((name) => html`<th scope="col" class="asis" title=${COLUMNS[name].what}>${COLUMNS[name].name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${report.rows.map(
          (row) => html`<tr class=${row.id === chosen ? "chosen" : ""}>
            <th scope="row">
              ${
                row.matrix
                  ? html`<button
                      type="button"
                      class="link"
                      aria-pressed=${row.id === chosen ? "true" : "false"}
                      @click=${() => choose(row.id)}
                    >
                      ${short(row.title)}
                    </button>`
                  : short(row.title)
              }
              <span class="what">${items(row)}</span>
            </th>
            ${columns.map((name) => html`<td>${cell(row.figures[name])}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function items({ n, problems }: AgreementRow): string {
  return `${n} ${n === 1 ? "item" : "items"} of ${problems} ${problems === 1 ? "problem" : "problems"}`;
}

function cell(figure: AgreementFigure | undefined): TemplateResult | typeof nothing {
  if (!figure) return html`<span class="none" aria-label="does not apply">–</span>`;
  const { value, low, high, why } = figure;
  if (value === null) return html`<span class="undefined">undefined</span><span class="what">${why}</span>`;
  return html`<b>${share(value)}</b> ${
    low === null || high === null
      ? html`<span class="what">${why}</span>`
      : html`<span class="interval">[${share(low)}, ${share(high)}]</span>${bar(value, low, high)}`
  }`;
}

/** From −1, where they contradict each other, over 0, which is chance, to 1. Text says the same. */
function bar(value: number, low: number, high: number): TemplateResult {
  const x = (v: number): number => 2 + 96 * Math.min(1, Math.max(0, (v + 0.25) / 1.25));
  return html`<svg class="interval-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <line class="scale" x1=${x(-0.25)} x2=${x(1)} y1="5" y2="5"></line>
    <line class="scale" x1=${x(0)} x2=${x(0)} y1="1" y2="9"></line>
    <line class="range" x1=${x(low)} x2=${x(high)} y1="5" y2="5"></line>
    ${svg`<line class="point" x1=${x(value)} x2=${x(value)} y1="2" y2="8"></line>`}
  </svg>`;
}

/** Who said what when the other said what: rows are the first person's word, columns the second's. */
export function matrix(
  row: AgreementRow | undefined,
  [first, second]: readonly [string, string],
): TemplateResult {
  if (!row?.matrix) return html``;
  const used = row.categories
    .map((title, i) => ({ title: short(title, 40), i }))
    .filter(({ i }) => row.matrix?.some((line, j) => (line[i] ?? 0) > 0 || (i === j && line.some(Boolean))));
  const most = Math.max(1, ...row.matrix.flat());
  return html`<section class="matrix" aria-label="Table of words: ${short(row.title)}">
    <h2 class="asis">${short(row.title)}: who said what</h2>
    <div class="scroll" tabindex="0" role="group" aria-label="Table of words">
      <table>
        <caption>
          Down: ${first}. Across: ${second}.
        </caption>
        <thead>
          <tr>
            <td></td>
            ${used.map(({ title }) => html`<th scope="col" class="asis">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${used.map(
            ({ title, i }) => html`<tr>
              <th scope="row" class="asis">${title}</th>
              ${used.map(({ i: j }) => {
                const count = row.matrix?.[i]?.[j] ?? 0;
                const tone = i === j ? "same" : "other";
                const strength = count === 0 ? 0 : 1 + Math.floor((2.99 * count) / most);
                return html`<td class="${tone} s${Math.min(3, strength)}">${count === 0 ? html`<span class="zero">0</span>` : count}</td>`;
              })}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
