import { html, nothing, type TemplateResult } from "lit";
import type { ImportPreview } from "../../src/protocol/import.js";
import { cutSteps } from "../../src/protocol/steps.js";
import { answer, chip, icon, key } from "../shared/parts.js";
import { steps } from "../shared/steps.js";

export interface FirstActions {
  go(by: 1 | -1): void;
  raw(): void;
}

/** Longer texts were cut for the preview. */
const CUT = 4000;

/** The first attempts, one after the other, as they will look. */
export function first(
  { first: all, attempts }: Pick<ImportPreview, "first" | "attempts">,
  at: number,
  raw: boolean,
  act: FirstActions,
): TemplateResult | typeof nothing {
  const one = all[at];
  if (!one) return nothing;
  const { problem, gold, text, model, scores } = one;
  return html`<section class="first" aria-label="First attempts">
    <div class="line">
      <h2>${attempts > 0 ? "As they will look" : "First problems"}</h2>
      <button
        type="button"
        class="chip quiet"
        aria-label="Previous"
        ?disabled=${at === 0}
        @click=${() => act.go(-1)}
      >
        ${icon("chevron-left")}
      </button>
      <span class="at">${at + 1} of ${all.length}</span>
      <button
        type="button"
        class="chip quiet"
        aria-label="Next"
        ?disabled=${at === all.length - 1}
        @click=${() => act.go(1)}
      >
        ${icon("chevron-right")}
      </button>
      <span class="faint">${key("j")} ${key("k")}</span>
      <span class="push"></span>
      <button type="button" class="chip quiet" aria-pressed=${raw ? "true" : "false"} @click=${act.raw}>
        ${raw ? "Typeset" : "Raw"} ${key("r")}
      </button>
    </div>
    <div class="problem"><errata-math .text=${problem} .raw=${raw}></errata-math></div>
    <p class="read">
      gold ${gold === null ? html`<span class="none">none</span>` : answer(gold, raw)}
      ${model ? html`· by <span class="name">${model}</span>` : nothing}
      ${scores ? chip("quiet", scores, "Its own scores") : nothing}
    </p>
    ${
      text.trim() === ""
        ? attempts > 0
          ? html`<p class="none">The model wrote nothing.</p>`
          : nothing
        : html`${steps(
            { text, steps: cutSteps(text), answer: null, span: null },
            { raw, label: "Steps of the solution" },
          )}
          ${text.length >= CUT ? html`<p class="faint cut">The text goes on; here it is cut.</p>` : nothing}`
    }
  </section>`;
}
