import { html, svg, type TemplateResult } from "lit";
import type { Change, Comparison, Figure, Pair } from "../../src/protocol/comparison.js";
import { share } from "../shared/parts.js";

interface Row {
  name: string;
  what: string;
  pair: Change;
}

/** Every figure with its interval; the forest plot draws both models on one scale. */
export function figures(c: Comparison): TemplateResult {
  const rows: Row[] = [
    {
      name: "pass@1, first attempt",
      what: "share of samples that are right",
      pair: c.passAt1,
    },
    {
      name: "Second attempt",
      what: "right at first, or wrong and then corrected",
      pair: c.accT2,
    },
    {
      name: "Fix rate",
      what: `of ${c.modelA}'s wrong first attempts, corrected after reflection`,
      pair: c.fixRate,
    },
    {
      name: "Plain retry",
      what: "of the same, right when simply tried again",
      pair: c.retryRate,
    },
  ];
  return html`<section class="figures-section" aria-label="Figures with 95 % intervals">
    <div class="line">
      <h2>Figures, with 95 % intervals by problem</h2>
      <span class="chip quiet" title="Second turns see only wrong first attempts, and the model is told that they are wrong"
        >${c.protocol}</span
      >
    </div>
    <div class="scroll">
      <table class="figures-table">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">${c.modelA}</th>
            <th scope="col">${c.modelB}</th>
            <th scope="col">Change</th>
            <th scope="col"><div class="forest-head"><span>0</span><span>.5</span><span>1</span></div></th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(row)}
        </tbody>
      </table>
    </div>
    <p class="key"><span class="dot a"></span>${c.modelA}<span class="dot b"></span>${c.modelB}</p>
  </section>`;
}

function row({ name, what, pair }: Row): TemplateResult {
  const { difference } = pair;
  const change = difference.value;
  const sure = difference.low > 0 || difference.high < 0;
  const tone = sure ? (change > 0 ? "good" : "bad") : "faint";
  return html`<tr>
    <th scope="row">${name}<span class="what">${what}</span></th>
    <td>${figure(pair.a)}</td>
    <td>${figure(pair.b)}</td>
    <td class=${tone}>
      ${signed(change)} <span class="interval">[${signed(difference.low)}, ${signed(difference.high)}]</span>
    </td>
    <td class="forest-cell">${forest(pair)}</td>
  </tr>`;
}

function figure(f: Figure): TemplateResult {
  if (f.n === 0) return html`<span class="none">none</span>`;
  return html`<b>${share(f.value)}</b> <span class="interval" title="n = ${f.n}">[${share(f.low)}, ${share(f.high)}]</span>`;
}

function signed(value: number): string {
  const text = share(Math.abs(value));
  if (Number(Math.abs(value).toFixed(2)) === 0) return "0";
  return value > 0 ? `+${text}` : `−${text}`;
}

/** Two intervals on the scale from 0 to 1; positions are attributes, so no inline style is needed. */
function forest(pair: Pair): TemplateResult {
  const x = (v: number): number => 4 + 192 * Math.min(1, Math.max(0, v));
  const mark = (f: Figure, y: number, kind: string): TemplateResult =>
    f.n === 0
      ? svg``
      : svg`<g class=${kind}>
          <line x1=${x(f.low)} x2=${x(f.high)} y1=${y} y2=${y}></line>
          <line class="point" x1=${x(f.value)} x2=${x(f.value)} y1=${y} y2=${y}></line>
        </g>`;
  return html`<svg class="forest" viewBox="0 0 200 28" preserveAspectRatio="none" aria-hidden="true">
    <line class="scale" x1="4" x2="196" y1="14" y2="14"></line>
    ${[0, 0.5, 1].map((v) => svg`<line class="scale" x1=${x(v)} x2=${x(v)} y1="2" y2="26"></line>`)}
    ${mark(pair.a, 9, "a")} ${mark(pair.b, 19, "b")}
  </svg>`;
}
