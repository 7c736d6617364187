import { html, type TemplateResult } from "lit";
import type { Comparison } from "../../src/protocol/comparison.js";

/** Solved by at least half of the samples, under one model and the other. */
export function square(c: Comparison): TemplateResult {
  const { both, onlyA, onlyB, neither } = c.table;
  return html`<section class="square" aria-label="Solved problems under both models">
    <div class="line"><h2>Solved by at least half of the samples</h2></div>
    <table>
      <thead>
        <tr>
          <td></td>
          <th scope="col">${c.modelB} ✓</th>
          <th scope="col">${c.modelB} ✗</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">${c.modelA} ✓</th>
          <td><b>${both}</b><span>both</span></td>
          <td class="cell bad"><b>${onlyA}</b><span>regressed</span></td>
        </tr>
        <tr>
          <th scope="row">${c.modelA} ✗</th>
          <td class="cell good"><b>${onlyB}</b><span>fixed</span></td>
          <td><b>${neither}</b><span>neither</span></td>
        </tr>
      </tbody>
    </table>
    <p>McNemar, exact: <b>p = ${scientific(c.mcnemarP)}</b></p>
    <p class="faint">${onlyB} fixed against ${onlyA} regressed, paired by problem</p>
  </section>`;
}

/** `.031`, `5.2 × 10⁻⁶`. */
function scientific(p: number): string | TemplateResult {
  if (p >= 0.995) return "1";
  if (p >= 0.001) return p.toPrecision(2).replace(/^0\./, ".");
  const [mantissa, exponent] = p.toExponential(1).split("e");
  return html`${mantissa} × 10<sup>${String(Number(exponent)).replace("-", "−")}</sup>`;
}
