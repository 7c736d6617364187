import { html, nothing, svg, type TemplateResult } from "lit";
import type { Change, Comparison, Figure, Pair } from "../../src/protocol/comparison.js";
import { chip, share } from "../shared/parts.js";

/** One metric of both models. */
export interface Row {
  name: string;
  /** Its definition in a few words, always visible. */
  what: string;
  pair: Pair | Change;
  /** In full, with its source: shown on hover. */
  definition?: string;
  /** What `n` counts. */
  of?: string;
  /** Which way is better; default more. */
  better?: "more" | "less" | "neither";
}

/** Which of the two ways of asking for a second turn a figure belongs to. They are never mixed. */
export const PROTOCOLS = {
  "oracle-gated": "Only wrong first attempts get a second turn, and the model is told that they are wrong",
  intrinsic: "Every first attempt gets a second turn, and nothing says whether it was right",
} as const;

export const protocolChip = (protocol: keyof typeof PROTOCOLS): TemplateResult =>
  chip(protocol === "intrinsic" ? "info" : "quiet", protocol, PROTOCOLS[protocol]);

/** The figures beside the 2x2 table. */
export function headline(c: Comparison): TemplateResult {
  const rows: Row[] = [
    {
      name: "pass@1, first attempt",
      what: "share of samples that are right",
      definition:
        "Mean over problems of the share of scored samples that are right; truncated ones count as wrong.",
      pair: c.passAt1,
      of: "problems",
    },
    {
      name: "Second attempt",
      what: "right at first, or wrong and then corrected",
      definition:
        "Of all scored first attempts, those right at once or mended by the one reflection on them.",
      pair: c.accT2,
      of: "attempts",
    },
    {
      name: "Fix rate",
      what: `of ${c.modelA}'s wrong first attempts, corrected after reflection`,
      definition: `Both models reflect on the same errors, ${c.modelA}'s: each on its own would be a choice by its own skill.`,
      pair: c.fixRate,
      of: "wrong attempts",
    },
    {
      name: "Plain retry",
      what: "of the same, right when simply tried again",
      definition: "Without it beside the fix rate, correction could be nothing but sampling again.",
      pair: c.retryRate,
      of: "wrong attempts",
    },
  ];
  return html`<section class="figures-section" aria-label="Figures with 95 % intervals">
    <div class="line">
      <h2>Figures, with 95 % intervals by problem</h2>
      ${protocolChip(c.protocol)}
    </div>
    ${table(c, rows)}
    <p class="key">
      <span class="dot a"></span>${c.modelA}<span class="dot b"></span>${c.modelB}${unscoredFixes(c)}
    </p>
  </section>`;
}

function unscoredFixes({
  unscoredFixes: { a, b } = { a: 0, b: 0 },
}: Comparison): TemplateResult | typeof nothing {
  if (a + b === 0) return nothing;
  return html`<span class="push"></span>${a} and ${b} corrections unscored, left out of the fix rate`;
}

/** Metrics of both models with intervals; the forest plot draws them on one scale from 0 to 1. */
export function table(c: Comparison, rows: readonly Row[]): TemplateResult {
  const changes = rows.some(({ pair }) => "difference" in pair);
  return html`<div class="scroll" role="group" aria-label="Figures" tabindex="0">
    <table class="figures-table">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">${c.modelA}</th>
          <th scope="col">${c.modelB}</th>
          ${changes ? html`<th scope="col">Change</th>` : nothing}
          <th scope="col" class="forest-cell"><div class="forest-head"><span>0</span><span>.5</span><span>1</span></div></th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((one) => row(one, changes))}
      </tbody>
    </table>
  </div>`;
}

function row({ name, what, pair, definition, of, better }: Row, changes: boolean): TemplateResult {
  return html`<tr title=${definition ?? nothing}>
    <th scope="row">
      ${name}<span class="what">${what}${of === undefined ? nothing : html` · <span class="n">${counted(pair)}</span> ${of}`}</span>
    </th>
    <td>${figure(pair.a)}</td>
    <td>${figure(pair.b)}</td>
    ${changes ? ("difference" in pair ? change(pair, better) : html`<td></td>`) : nothing}
    <td class="forest-cell">${forest(pair)}</td>
  </tr>`;
}

function counted({ a, b }: Pair): string {
  return a.n === b.n ? `n = ${a.n}` : `n = ${a.n} and ${b.n}`;
}

function change({ difference }: Change, better: Row["better"] = "more"): TemplateResult {
  const { value, low, high, n } = difference;
  const sure = low > 0 || high < 0;
  const good = better === "less" ? value < 0 : value > 0;
  const tone = !sure ? "faint" : better === "neither" ? "sure" : good ? "good" : "bad";
  return html`<td class=${tone} title="Paired by problem, n = ${n} problems">
    ${signed(value)} <span class="interval">[${signed(low)}, ${signed(high)}]</span>
  </td>`;
}

/** A figure and its interval. */
export function figure(f: Figure): TemplateResult {
  if (f.n === 0) return html`<span class="none">none</span>`;
  const text = (value: number): string => (f.low < 0 ? signed(value) : share(value));
  return html`<b>${text(f.value)}</b> <span class="interval" title="n = ${f.n}">[${text(f.low)}, ${text(f.high)}]</span>`;
}

export function signed(value: number): string {
  const text = share(Math.abs(value));
  if (Number(Math.abs(value).toFixed(2)) === 0) return "0";
  return value > 0 ? `+${text}` : `−${text}`;
}

/** Two intervals on the scale from 0 to 1; positions are attributes, so no inline style is needed. */
function forest(pair: Pair): TemplateResult {
  // A difference has no place on this scale.
  if (pair.a.low < 0 || pair.b.low < 0) return html``;
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
