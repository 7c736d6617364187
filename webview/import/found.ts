import { html, nothing, type TemplateResult } from "lit";
import { number } from "../../src/protocol/figures.js";
import type { ImportPreview } from "../../src/protocol/import.js";

/** Models, the log's own scores, and what is not taken. */
export function found(preview: ImportPreview, model: string): TemplateResult {
  return html`${models(preview, model)} ${scores(preview)}
  ${told("Left out", preview.skipped)} ${told("Worth knowing", preview.notes ?? [])}`;
}

function models({ models: all }: ImportPreview, name: string): TemplateResult | typeof nothing {
  // One without a name has its field among the names.
  if (all.length === 0 || (all.length === 1 && unnamed(all[0]?.model, name))) return nothing;
  const shown = all.slice(0, MOST_MODELS);
  const rest = all.length - shown.length;
  return html`<section>
    <h2>${all.length === 1 ? "Model" : "Models"}</h2>
    <ul class="models">
      ${shown.map(
        ({ model, attempts }) =>
          html`<li><span class="name">${model || name}</span> <span class="faint">${number(attempts)}</span></li>`,
      )}
      ${rest > 0 ? html`<li class="faint">and ${number(rest)} more</li>` : nothing}
    </ul>
  </section>`;
}

const MOST_MODELS = 12;

/** The log does not say which model it was. */
export const unnamed = (model: string | undefined, name: string): boolean => model === "" || model === name;

function scores({ scores: all }: ImportPreview): TemplateResult | typeof nothing {
  if (all.length === 0) return nothing;
  return html`<section>
    <h2>Its own scores</h2>
    <div class="scroll">
      <table class="scores">
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col" class="n">Right</th>
            <th scope="col" class="n">Wrong</th>
            <th scope="col" class="n">Other</th>
          </tr>
        </thead>
        <tbody>
          ${all.map(
            ({ name, right, wrong, other }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="n">${number(right)}</td>
                <td class="n">${number(wrong)}</td>
                <td class="n">${number(other)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p class="faint foot">
      Kept beside Errata’s own verdicts; where they differ, the attempt is in dispute.
    </p>
  </section>`;
}

/** Rows by what is to be said of them, each with its first places. */
function told(title: string, all: ImportPreview["skipped"]): TemplateResult | typeof nothing {
  if (all.length === 0) return nothing;
  const total = all.reduce((sum, { count }) => sum + count, 0);
  return html`<section>
    <h2>${title} <span class="n">${number(total)}</span></h2>
    <ul class="told">
      ${all.map(({ why, count, places }) => html`<li>${reason(why, count, places.filter(Boolean))}</li>`)}
    </ul>
  </section>`;
}

function reason(why: string, count: number, places: readonly string[]): TemplateResult {
  const words = html`<b>${number(count)}</b> ${why}`;
  if (places.length === 0) return words;
  return html`<details>
    <summary>${words}</summary>
    <p class="faint">${count > places.length ? "The first: " : nothing}${places.join(", ")}</p>
  </details>`;
}
