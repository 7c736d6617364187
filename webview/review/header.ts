import { html, nothing, type TemplateResult } from "lit";
import { chip, icon, key, share } from "../shared/parts.js";
import type { View } from "./context.js";

/** Where in the queue, how quickly, how the group of this problem did. */
export function header(view: View): TemplateResult {
  const { state } = view;
  const place = state.position === null ? "beside the queue" : `${state.position} of ${state.total}`;
  const words = [
    state.item ? place : null,
    state.scope || null,
    state.order,
    state.pace === null
      ? null
      : `${state.pace < 10 ? state.pace.toFixed(1) : Math.round(state.pace)} s an item`,
    `${state.reviewed} reviewed`,
  ];
  return html`<header class="bar">
    <div class="switch" role="group" aria-label="Speed of review">
      ${mode(view, "triage", "Triage", "Accept, reject and ratings go on to the next item at once")}
      ${mode(view, "localise", "Localise", "Stay on the item: steps, rating, correction")}
    </div>
    <span class="figures" aria-live="polite">${words.filter((w) => w !== null).join(" · ")}</span>
    ${state.item ? groupChips(view) : nothing}
    ${state.watchable ? watchButton(view) : nothing} ${state.item ? reflectButton(view) : nothing}
  </header>`;
}

function mode(view: View, value: "triage" | "localise", label: string, title: string): TemplateResult {
  const on = view.state.mode === value;
  return html`<button
    type="button"
    aria-pressed=${on ? "true" : "false"}
    title=${title}
    @click=${() => {
      if (!on) view.act("mode");
    }}
  >
    ${label}
  </button>`;
}

function groupChips(view: View): TemplateResult | typeof nothing {
  const group = view.state.item?.group;
  if (!group || group.scored === 0) return nothing;
  const { correct, scored, size } = group;
  const p = correct / scored;
  const best = (Math.floor(scored / 2) * Math.ceil(scored / 2)) / scored ** 2;
  const variance = p * (1 - p);
  const missing = size > scored ? `; ${size - scored} of its ${size} could not be scored` : "";
  const place =
    correct === 0
      ? "never solved"
      : correct === scored
        ? "always solved"
        : best > 0 && variance / best >= 0.5
          ? "at the edge"
          : p < 0.5
            ? "rarely solved"
            : "mostly solved";
  return html`${chip("quiet", `passed ${correct} of ${scored}`, `Samples of this problem that are right${missing}`)}
  ${chip(
    place === "at the edge" ? "warn" : "quiet",
    html`${icon("graph")}variance ${share(variance)} · ${place}`,
    `p(1−p) with p = ${correct}/${scored}; at most ${share(best)} at this group size`,
  )}`;
}

function reflectButton(view: View): TemplateResult {
  const { state } = view;
  const again = state.item?.reflection ? "Reflect again" : "Reflect";
  if (state.busy) {
    return html`<span class="busy" role="status"
      ><vscode-progress-ring></vscode-progress-ring>${state.busy}</span
    >`;
  }
  return html`<vscode-button
    appearance="secondary"
    ?disabled=${state.readOnly !== null}
    title=${state.readOnly ?? "Let the model read this failed solution and correct it"}
    @click=${() => view.act("reflect")}
    >${icon("sparkle")}${again}</vscode-button
  >`;
}

function watchButton(view: View): TemplateResult {
  return html`<vscode-button
    appearance="secondary"
    title="Show what the model is writing; Escape comes back here"
    @click=${view.watch}
    >${icon("eye")}Watch</vscode-button
  >`;
}

const FOOTER: [string[], string][] = [
  [["j", "k"], "next, previous"],
  [["↓", "↑"], "step"],
  [["w"], "first wrong"],
  [["1", "–", "5"], "rate"],
  [["r"], "raw"],
  [["Space"], "skip"],
  [["Backspace"], "undo"],
];

export function footer(view: View): TemplateResult {
  const { notice, readOnly } = view.state;
  return html`<div class="notice" role="status" aria-live="polite">
      ${notice ? html`<p>${icon("info")}${notice}</p>` : nothing}
      ${readOnly ? html`<p>${icon("lock")}${readOnly}</p>` : nothing}
    </div>
    <footer class="keys">
      ${FOOTER.map(
        ([keys, words]) =>
          html`<span class="hint"
            >${keys.map((k) => (k === "–" ? html`<i>–</i>` : key(k)))} ${words}</span
          >`,
      )}
      <span class="push"></span>
      <button type="button" class="hint all" @click=${() => view.act("help")}>${key("?")} all keys</button>
    </footer>`;
}
