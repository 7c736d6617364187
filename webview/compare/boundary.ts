import { html, svg, type TemplateResult } from "lit";
import type { Comparison, Figure } from "../../src/protocol/comparison.js";
import { type Boundary, STATES, type State } from "../../src/protocol/comparison-parts.js";
import { share } from "../shared/parts.js";

const WHAT: Record<State, string> = {
  unsolved: "no sample right",
  edge: "some right",
  mastered: "all right",
};

/** Where the problems lie between never and always solved: a histogram of p(1−p), and how they moved. */
export function boundary(c: Comparison, found: Boundary): TemplateResult {
  return html`<div class="boundary">
    <section aria-label="Histogram of p(1-p)">
      <div class="line">
        <h2 class="asis">Variance p(1−p), share of problems</h2>
      </div>
      ${histogram(found)}
      <p class="key"><span class="dot a"></span>${c.modelA}<span class="dot b"></span>${c.modelB}</p>
      <details>
        <summary>As a table</summary>
        ${bins(c, found)}
      </details>
    </section>
    <section aria-label="Migration of problems">
      <div class="line"><h2>How problems moved</h2></div>
      ${migration(c, found)}
    </section>
  </div>`;
}

const WIDTH = 420;
const HEIGHT = 168;
/** Of the drawing's area. */
const LEFT = 30;
const TOP = 8;
const BOTTOM = 130;

/** Grouped bars with their intervals. All positions are attributes: the policy forbids inline styles. */
function histogram({ histogram: all }: Boundary): TemplateResult {
  const step = (WIDTH - LEFT) / all.length;
  const y = (value: number): number => BOTTOM - (BOTTOM - TOP) * value;
  const bar = ({ value, low, high }: Figure, x: number, kind: string): TemplateResult => {
    const middle = x + step * 0.15;
    return svg`<g class=${kind}>
      <rect x=${x} y=${y(value)} width=${step * 0.3} height=${BOTTOM - y(value)}></rect>
      <line class="whisker" x1=${middle} x2=${middle} y1=${y(low)} y2=${y(high)}></line>
    </g>`;
  };
  return html`<svg class="histogram" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Histogram; the table below has its figures">
    ${[0, 0.5, 1].map(
      (v) => svg`<line class="scale" x1=${LEFT} x2=${WIDTH} y1=${y(v)} y2=${y(v)}></line>
        <text x=${LEFT - 6} y=${y(v) + 4} text-anchor="end">${share(v, 1)}</text>`,
    )}
    ${all.map((bin, i) => {
      const x = LEFT + i * step;
      return svg`${bar(bin.a, x + step * 0.18, "a")} ${bar(bin.b, x + step * 0.52, "b")}
        <text x=${x + step / 2} y=${BOTTOM + 16} text-anchor="middle">${label(bin)}</text>`;
    })}
    <text x=${LEFT + step / 2} y=${BOTTOM + 31} text-anchor="middle">teaches nothing</text>
    <text x=${WIDTH - step / 2} y=${BOTTOM + 31} text-anchor="middle">most telling</text>
  </svg>`;
}

function label({ above, upTo }: { above: number; upTo: number }): string {
  return upTo === 0 ? "0" : `${above === 0 ? ">0" : share(above)}–${share(upTo)}`;
}

function bins(c: Comparison, { histogram: all }: Boundary): TemplateResult {
  const cell = ({ value, low, high, n }: Figure): TemplateResult =>
    html`<td>${share(value)} <span class="interval">[${share(low)}, ${share(high)}], n = ${n}</span></td>`;
  return html`<table>
    <thead>
      <tr>
        <th scope="col" class="asis">p(1−p)</th>
        <th scope="col">${c.modelA}</th>
        <th scope="col">${c.modelB}</th>
      </tr>
    </thead>
    <tbody>
      ${all.map((bin) => html`<tr><th scope="row">${label(bin)}</th>${cell(bin.a)}${cell(bin.b)}</tr>`)}
    </tbody>
  </table>`;
}

/** The 3x3 table; a problem above the diagonal has moved up. */
function migration(c: Comparison, { migration: moved }: Boundary): TemplateResult {
  const tone = (from: State, to: State): string => {
    const by = STATES.indexOf(to) - STATES.indexOf(from);
    if (moved[from][to] === 0 || by === 0) return "";
    return by > 0 ? "cell good" : "cell bad";
  };
  const count = (sign: number): number =>
    STATES.flatMap((from, i) =>
      STATES.map((to, j) => (Math.sign(j - i) === sign ? moved[from][to] : 0)),
    ).reduce((sum, n) => sum + n, 0);
  return html`<table class="migration">
      <thead>
        <tr>
          <td></td>
          ${STATES.map((to) => html`<th scope="col" title="${c.modelB}: ${WHAT[to]}">${c.modelB} ${to}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${STATES.map(
          (from) => html`<tr>
            <th scope="row" title="${c.modelA}: ${WHAT[from]}">${c.modelA} ${from}</th>
            ${STATES.map((to) => html`<td class=${tone(from, to)}><b>${moved[from][to]}</b></td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
    <p class="faint">
      ${count(1)} moved up, ${count(-1)} down. Unsolved: no sample right; edge: some; mastered: all.
    </p>`;
}
