import { html, nothing, type TemplateResult } from "lit";
import { DATA_KINDS, type DataCount, LEFT_OUT, type RunData } from "../../src/protocol/run-data.js";
import { type ContextFit, contextWords, type RunOutline, tooLong } from "../../src/protocol/run-preview.js";
import { icon } from "../shared/parts.js";

/** What the recipe comes to, and what the run takes. */
export function outline(o: RunOutline, fit: ContextFit | null): TemplateResult {
  return html`<p class="sentence">${o.sentence}</p>
    ${o.warnings.map((words) => html`<p class="warning warn">${icon("warning")}${words}</p>`)}
    <div class="two">
      <section>
        <h2>What it does</h2>
        <dl class="facts">
          ${o.facts.map(({ label, value, about }) => (about === "learning" ? fact(label, value) : nothing))}
        </dl>
      </section>
      <section>
        <h2>What it takes</h2>
        ${o.problems.issues ? html`<p class="warning warn">${icon("warning")}${o.problems.issues}</p>` : nothing}
        ${taken(o.data)}
        <h2 class="place">With what, and where</h2>
        <dl class="facts">
          ${o.facts.map(({ label, value, about }) => (about === "place" ? fact(label, value) : nothing))}
          ${fit ? fact("Context", contextWords(fit), tooLong(fit)) : nothing}
        </dl>
      </section>
    </div>`;
}

const fact = (label: string, value: string, warn = false): TemplateResult =>
  html`<dt>${label}</dt>
    <dd class=${warn ? "warn" : nothing}>${value}</dd>`;

function taken(data: RunData): TemplateResult {
  if (data.counts.length === 0) {
    const what = data.sampled ? "The run samples its own examples" : "The run samples for itself";
    return html`<p>${what} on ${data.problems} problems; nothing of the workspace's pool is used.</p>`;
  }
  return html`${data.counts.map(counted)}
    ${data.reflections.map(
      ({ by, person, count }) =>
        html`<p class="faint">
          ${icon(person ? "account" : "sparkle")} ${count} ${person ? "mended" : "written"} by ${by}
        </p>`,
    )}`;
}

function counted({ kind, used, problems, leftOut }: DataCount): TemplateResult {
  const [one, several] = DATA_KINDS[kind];
  return html`<p class="count">
      <b>${used}</b> ${used === 1 ? one : several}
      <span class="faint">of ${problems} ${problems === 1 ? "problem" : "problems"}</span>
    </p>
    ${
      leftOut.length > 0
        ? html`<p class="faint">Left out:</p>
          <ul class="left-out" aria-label="Left out">
            ${leftOut.map(({ why, count }) => html`<li><b>${count}</b> ${LEFT_OUT[why]}</li>`)}
          </ul>`
        : nothing
    }`;
}
