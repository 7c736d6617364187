import { html, nothing, type TemplateResult } from "lit";
import { count, duration, number } from "../../src/protocol/figures.js";
import type { ReviewAction, ReviewOrder, ReviewState } from "../../src/protocol/review.js";
import { chip, icon, share } from "../shared/parts.js";
import { keyOf, type View, withheld } from "./context.js";
import { majorityChip } from "./group-card.js";
import { nameOf } from "./keys.js";
import { noSiblings } from "./siblings.js";

const ORDERS: Record<ReviewOrder, string> = {
  stored: "as stored",
  random: "random",
  uncertain: "most uncertain first",
  disputes: "disagreements first",
};

/** Where in the queue, how quickly, and how the group of this problem did. */
export function header(view: View): TemplateResult {
  const { state } = view;
  return html`<header class="bar">
      <div class="switch" role="group" aria-label="Speed of review">
        ${mode(view, "triage", "Triage", "Accept, reject and ratings go on to the next item at once")}
        ${mode(view, "localise", "Localise", "Stay on the item: steps, rating, correction")}
      </div>
      ${place(state)}
      <div class="tools" role="group" aria-label="Queue">${queue(view)}</div>
      ${state.item ? groupChips(view) : nothing}
      ${state.watchable ? watchButton(view) : nothing} ${state.item ? reflectButton(view) : nothing}
    </header>
    ${progress(state)}`;
}

function place(state: ReviewState): TemplateResult {
  const { item, leftOut, pace, position, total } = state;
  // Until the queue is read there is no place in it.
  const where =
    item === null || total === 0
      ? null
      : position === null
        ? "beside the queue"
        : html`<b>${number(position)}</b> of ${number(total)}`;
  // From the median of this sitting.
  const left = pace === null || position === null ? null : `${duration((total - position) * pace)} left`;
  const words = [
    where,
    `${number(state.reviewed)} reviewed`,
    pace === null ? null : `${pace < 10 ? pace.toFixed(1) : Math.round(pace)} s each`,
    left,
    leftOut === 0 ? null : `${count(leftOut, "bad problem")} left out`,
  ].filter((part) => part !== null);
  return html`<span class="figures">${words.map((part, i) => html`${i > 0 ? " · " : ""}<span>${part}</span>`)}</span>`;
}

function progress({ item, position, total }: ReviewState): TemplateResult {
  const at = item && position !== null ? position : 0;
  // The words beside it say the same.
  return html`<progress class="place" aria-hidden="true" max=${Math.max(1, total)} .value=${at}></progress>`;
}

function mode(view: View, value: "triage" | "localise", label: string, title: string): TemplateResult {
  const on = view.state.mode === value;
  return html`<button
    type="button"
    aria-pressed=${on ? "true" : "false"}
    title="${title} (${nameOf("mode")})"
    @click=${() => {
      if (!on) view.act("mode");
    }}
  >
    ${label}
  </button>`;
}

/** What is in the queue, in which order, and what of it is shown. */
function queue(view: View): TemplateResult {
  const { scope, order, blind } = view.state;
  const tool = (action: ReviewAction, name: string, words: string, title: string, more = "") =>
    html`<button
      type="button"
      class="tool ${more}"
      title="${title} (${nameOf(action)})"
      aria-label="${title}: ${words}"
      @click=${() => view.act(action)}
    >
      ${icon(name)}<span class="words">${words}</span>
    </button>`;
  return html`${tool("filter", scope ? "filter-filled" : "filter", scope || "all of the pool", "Filter the queue")}
    ${tool("order", "list-ordered", ORDERS[order], "Order the queue")}
    <button
      type="button"
      class="tool ${blind ? "on" : ""}"
      aria-pressed=${blind ? "true" : "false"}
      aria-label="Blind mode"
      title="Blind mode: gold answer, verdicts and others’ words are hidden until you have judged (${nameOf("blind")})"
      @click=${() => view.act("blind")}
    >
      ${icon(blind ? "eye-closed" : "eye")}<span class="words">${blind ? "blind" : "open"}</span>
    </button>`;
}

function groupChips(view: View): TemplateResult | typeof nothing {
  const { item } = view.state;
  if (item?.hidden) return withheld("results hidden");
  const group = item?.group;
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
  const none = noSiblings(item);
  return html`<button
      type="button"
      class="chip quiet"
      ?disabled=${none !== null}
      title="Samples of this problem that are right${missing}. ${none ?? `Shows the group (${nameOf("siblings")}).`}"
      aria-expanded=${view.list === "siblings" ? "true" : "false"}
      @click=${() => view.toggleList("siblings")}
    >
      passed ${correct} of ${scored}
    </button>
  ${majorityChip({ ...view, item })}
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

const FOOTER: [ReviewAction[], string][] = [
  [["next", "previous"], "next, previous"],
  [["stepDown", "stepUp"], "step"],
  [["firstWrong"], "first wrong"],
  [["rate1", "rate5"], "rate"],
  [["raw"], "raw"],
  [["skip"], "skip"],
];

/** What was just undone or cannot be done, the keys most used, and the way back. */
export function footer(view: View): TemplateResult {
  const { readOnly, canUndo, undoes } = view.state;
  const notice = view.remark ?? view.state.notice;
  return html`<div class="notice" role="status">
      ${notice ? html`<p>${icon("info")}${notice}</p>` : nothing}
      ${readOnly ? html`<p>${icon("lock")}${readOnly}</p>` : nothing}
    </div>
    <footer class="keys">
      ${FOOTER.map(
        ([actions, words]) =>
          html`<span class="hint"
            >${actions.map((action, i) => html`${action === "rate5" && i > 0 ? html`<i>–</i>` : nothing}${keyOf(action)}`)}
            ${words}</span
          >`,
      )}
      <span class="push"></span>
      <button type="button" class="hint all" ?disabled=${!canUndo} @click=${() => view.act("undo")}>
        ${keyOf("undo")} undo${undoes ? html`: <span class="undoes">${undoes}</span>` : nothing}
      </button>
      <button type="button" class="hint all" @click=${() => view.act("help")}>${keyOf("help")} all keys</button>
    </footer>`;
}
