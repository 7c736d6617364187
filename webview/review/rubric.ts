import { html, nothing, type TemplateResult } from "lit";
import type { Axis } from "../../src/protocol/rubric.js";
import { type ItemView, keyOf } from "./context.js";

const VALUES = [1, 2, 3, 4, 5] as const;

/** The title that a rubric gives an id; what another rubric named keeps its id. */
export const titleOf = (list: readonly { id: string; title: string }[], id: string): string =>
  list.find((choice) => choice.id === id)?.title ?? id;

/**
 * The rating axes beside the written anchors of the current one. In triage the current axis alone: it is what the
 * next key rates.
 */
export function rubric(view: ItemView): TemplateResult {
  const { axes } = view.state.rubric;
  const at = axes.findIndex((axis) => axis.id === view.state.axis);
  const current = axes[at] ?? axes[0];
  if (!current) return html``;
  const one = view.state.mode === "triage";
  return html`<div class="rubric ${one ? "one" : ""}">
    <div class="axes">
      ${(one ? [current] : axes).map((axis) => row(view, axis, axis === current))}
      ${one && axes.length > 1 ? axisKeys(html`axis ${axes.indexOf(current) + 1} of ${axes.length}`) : nothing}
    </div>
    <ol class="anchors" aria-label="What the values of “${current.title}” mean">
      ${current.anchors.map((words, i) => anchor(view, current, i + 1, words))}
    </ol>
  </div>`;
}

/** How to get to another axis. */
export const axisKeys = (words: unknown): TemplateResult =>
  html`<p class="axis-keys">${keyOf("axisBefore")} ${keyOf("axisAfter")} ${words}</p>`;

function row(view: ItemView, axis: Axis, current: boolean): TemplateResult {
  const value = view.item.mine.ratings[axis.id];
  return html`<div class="axis ${current ? "current" : ""}">
    <span class="title" aria-current=${current ? "true" : nothing}>${axis.title}</span>
    <div class="rating" role="radiogroup" aria-label=${axis.title}>
      ${VALUES.map((n) => {
        const words = `${n}: ${axis.anchors[n - 1]}`;
        return html`<button
          type="button"
          role="radio"
          aria-checked=${value === n ? "true" : "false"}
          aria-label=${words}
          title=${words}
          @click=${() => view.rate(axis.id, n)}
        >
          ${n}
        </button>`;
      })}
    </div>
  </div>`;
}

/** The mouse can press the words as well; for the keyboard there are the numbers. */
function anchor(view: ItemView, axis: Axis, n: number, words: string): TemplateResult {
  const on = view.item.mine.ratings[axis.id] === n;
  return html`<li class=${on ? "on" : ""} @click=${() => view.rate(axis.id, n)}>
    <span class="value" aria-hidden="true">${n}</span><span>${words}</span>
  </li>`;
}
