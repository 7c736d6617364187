import { html, nothing, type TemplateResult } from "lit";
import type { ReflectionView, SolutionView } from "../../src/protocol/review.js";
import type { Step } from "../../src/protocol/steps.js";
import { answer, chip, icon, key, verdictChip } from "../shared/parts.js";
import { steps } from "../shared/steps.js";
import type { ItemView } from "./context.js";

/** The right column (`shown`, or made ready): what the model says went wrong, and its corrected solution or a person's. */
export function reflection(view: ItemView, shown: boolean): TemplateResult {
  const { item } = view;
  const { reflection: r } = item;
  return html`<section class="part ${shown ? "reflection" : ""}" aria-label="Reflection">
    <div class="line">
      <h2>Reflection</h2>
      ${r ? outcome(r) : nothing}
    </div>
    ${r ? analysis(view, r) : empty(view)}
    ${r || item.mine.correction ? corrected(view, r) : nothing}
  </section>`;
}

function outcome(r: ReflectionView): TemplateResult | typeof nothing {
  if (r.verdict === null) return nothing;
  const words =
    r.verdict === "correct"
      ? "corrects it"
      : r.verdict === "incorrect"
        ? "does not correct it"
        : r.verdict === "truncated"
          ? "cut off at the token limit"
          : "could not be scored";
  return html`${chip(r.verdict === "correct" ? "good" : r.verdict === "incorrect" ? "bad" : "quiet", words, r.reason ?? undefined)}
  ${r.count > 1 ? chip("info", `fixed ${r.fixed} of ${r.count}`, "Reflections on this attempt that reach the gold answer") : nothing}
  <span class="read">by ${r.modelId}</span>`;
}

function analysis(view: ItemView, r: ReflectionView): TemplateResult {
  if (view.raw || !r.parsed) {
    return html`<blockquote class="callout ${r.parsed ? "" : "warn"}">
      ${r.parsed ? nothing : html`<p class="why warn">${icon("warning")}Its two sections could not be found; this is the whole text.</p>`}
      <errata-math .text=${r.parsed ? r.analysis : r.text} .raw=${view.raw}></errata-math>
    </blockquote>`;
  }
  return html`<blockquote class="callout">
    <errata-math .text=${r.analysis || "(no analysis)"}></errata-math>
  </blockquote>`;
}

function empty(view: ItemView): TemplateResult {
  return html`<div class="empty">
    <p>Nothing has been reflected on this attempt yet. The model reads its own failed solution, says what went
      wrong, and tries to correct it.</p>
    ${
      view.state.busy
        ? html`<span class="busy" role="status"><vscode-progress-ring></vscode-progress-ring>${view.state.busy}</span>`
        : html`<div class="buttons">
            <vscode-button
              ?disabled=${view.state.readOnly !== null}
              title=${view.state.readOnly ?? ""}
              @click=${() => view.act("reflect")}
              >${icon("sparkle")}Reflect</vscode-button
            >
            <vscode-button appearance="secondary" @click=${() => view.act("edit")}
              >${icon("edit")}Correct it yourself ${key("e")}</vscode-button
            >
          </div>`
    }
  </div>`;
}

function corrected(view: ItemView, r: ReflectionView | null): TemplateResult {
  const { item } = view;
  const stored = item.mine.correction;
  // Written on an earlier reflection: what the model wrote now is still to be judged.
  const kept = r?.parsed ? stored?.about : undefined;
  const own = kept === undefined ? stored : undefined;
  const shown: SolutionView | null = own ?? (r?.parsed ? r.corrected : null);
  const verdict = own ? own.verdict : (r?.verdict ?? null);
  return html`<div class="line corrected">
      <h2>Corrected solution</h2>
      ${own ? chip("info", html`${icon("person")}yours`, "Your correction; the model’s is kept") : nothing}
      ${kept ? chip("info", html`${icon("person")}yours: ${kept}`, "Your correction stands and is exported; edit it to see it") : nothing}
      ${verdict ? verdictChip(verdict) : nothing}
      ${shown?.answer ? html`<span class="read">read <span class="boxed">${answer(shown.answer, view.raw)}</span></span>` : nothing}
      <span class="push"></span>
      ${
        view.open === "edit"
          ? nothing
          : html`<vscode-button appearance="secondary" @click=${() => view.act("edit")}
              >${icon("edit")}Edit ${key("e")}</vscode-button
            >`
      }
    </div>
    ${shown ? correctedSteps(view, shown) : nothing}`;
}

function correctedSteps(view: ItemView, shown: SolutionView): TemplateResult {
  if (shown.steps.length === 0) return html`<p class="none">No corrected solution was written.</p>`;
  const failed = new Set(view.item.solution.steps.map((s) => bare(s)));
  const changed = shown.steps.find((s) => !failed.has(bare(s)))?.n;
  return steps(shown, {
    raw: view.raw,
    screens: view.screens,
    label: "Steps of the corrected solution",
    remark: (step) => (step.n === changed ? html`<span class="good">first change</span>` : nothing),
  });
}

const bare = (step: Step): string => step.text.replace(/\s+/g, "");
