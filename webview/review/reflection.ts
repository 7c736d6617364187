import { html, nothing, type TemplateResult } from "lit";
import type { ReflectionView, SolutionView } from "../../src/protocol/review.js";
import { cutSteps, type Step } from "../../src/protocol/steps.js";
import { answer, chip, icon, key, verdictChip } from "../shared/parts.js";
import { textOf } from "../shared/toolkit.js";
import type { ItemView } from "./context.js";
import { steps } from "./solution.js";

/** The right column: what the model says went wrong, and its corrected solution or a person's. */
export function reflection(view: ItemView): TemplateResult {
  const { item } = view;
  const { reflection: r } = item;
  return html`<section class="reflection" aria-label="Reflection">
    <div class="line">
      <h2>Reflection</h2>
      ${r ? outcome(r) : nothing}
    </div>
    ${r ? analysis(view, r) : empty(view)}
    ${r || item.mine.correction || view.open === "edit" ? corrected(view, r) : nothing}
  </section>`;
}

function outcome(r: ReflectionView): TemplateResult {
  const words =
    r.verdict === "correct"
      ? "corrects it"
      : r.verdict === "incorrect"
        ? "does not correct it"
        : r.verdict === "truncated"
          ? "cut off at the token limit"
          : "could not be scored";
  return html`${chip(r.verdict === "correct" ? "good" : r.verdict === "incorrect" ? "bad" : "quiet", words, r.reason)}
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
        : html`<vscode-button
            ?disabled=${view.state.readOnly !== null}
            title=${view.state.readOnly ?? ""}
            @click=${() => view.act("reflect")}
            >${icon("sparkle")}Reflect</vscode-button
          >`
    }
  </div>`;
}

function corrected(view: ItemView, r: ReflectionView | null): TemplateResult {
  const { item } = view;
  const own = item.mine.correction;
  const shown: SolutionView | null = own ?? (r?.parsed ? r.corrected : null);
  const verdict = own ? own.verdict : (r?.verdict ?? null);
  return html`<div class="line corrected">
      <h2>Corrected solution</h2>
      ${own ? chip("info", html`${icon("person")}yours`, "Your correction; the model’s is kept") : nothing}
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
    ${view.open === "edit" ? editor(view) : shown ? correctedSteps(view, shown) : nothing}`;
}

function correctedSteps(view: ItemView, shown: SolutionView): TemplateResult {
  if (shown.steps.length === 0) return html`<p class="none">No corrected solution was written.</p>`;
  const failed = new Set(view.item.solution.steps.map((s) => bare(s)));
  const changed = shown.steps.find((s) => !failed.has(bare(s)))?.n;
  return steps(shown, {
    raw: view.raw,
    label: "Steps of the corrected solution",
    remark: (step) => (step.n === changed ? html`<span class="good">first change</span>` : nothing),
  });
}

const bare = (step: Step): string => step.text.replace(/\s+/g, "");

/** The text field with its typeset preview; Ctrl/Cmd+Enter saves and goes on. */
function editor(view: ItemView): TemplateResult {
  const preview = cutSteps(view.draft);
  return html`<div class="editor">
    <vscode-text-area
      class="field"
      rows="8"
      resize="vertical"
      aria-label="Your correction, in LaTeX"
      .value=${view.draft}
      @input=${(event: Event) => view.typed(textOf(event))}
    ></vscode-text-area>
    <div class="preview" aria-label="Preview" aria-live="off">
      ${
        preview.length === 0
          ? html`<p class="none">An empty correction takes yours back.</p>`
          : steps(
              { text: view.draft, steps: preview, answer: null, span: null },
              { raw: false, label: "Preview" },
            )
      }
    </div>
    <div class="buttons">
      <vscode-button @click=${() => view.save(true)}>Save and go on ${key("Ctrl ⏎")}</vscode-button>
      <vscode-button appearance="secondary" @click=${() => view.save(false)}>Save</vscode-button>
      <vscode-button appearance="secondary" @click=${() => view.leave()}>Leave ${key("Esc")}</vscode-button>
    </div>
  </div>`;
}
