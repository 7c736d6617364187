import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import type { ItemView } from "./context.js";
import { judgement } from "./judgement.js";
import type { Pages, Place } from "./pages.js";
import { reflection } from "./reflection.js";
import { beside } from "./siblings.js";
import { solution } from "./solution.js";

/** Corrected solutions of up to so many steps stay beside a longer solution while that is scrolled. */
const SHORT = 6;

/** What a search looks through. */
export const SEARCHED =
  ".solution errata-steps, .sibling errata-steps, .reflection .callout errata-math, .reflection errata-steps";

/**
 * One item: the problem, the attempt, what stands beside it, and what is judged with; unseen beside it, the items that
 * may be asked for next. `scrolled`: pixels.
 */
export function content(view: ItemView, pages: Pages, scrolled: number): TemplateResult {
  const { problem } = view.item;
  const origin = [problem.set, problem.id, problem.level && `level ${problem.level}`, problem.kind];
  return html`<section class="problem" aria-label="Problem">
      <errata-math .text=${problem.text} .raw=${view.raw}></errata-math>
      <span class="origin">${origin.filter(Boolean).join(" · ")}</span>
    </section>
    ${pages.places.map((place) => {
      const shown = place === pages.shown;
      const { raw, sibling, state } = view;
      const { item, kept, screens } = place;
      return html`<div
        class="columns ${shown ? (sibling ? "three" : "") : kept ? "ahead kept" : "ahead"}"
        aria-hidden=${shown ? nothing : "true"}
        .style=${shown ? "" : `top: ${scrolled}px`}
      >
        ${
          shown
            ? columns({ ...view, screens }, true)
            : guard([item, screens, raw, state.rubric], () => columns(unseen(view, place), false))
        }
      </div>`;
    })}
    ${judgement(view)}`;
}

/** As it will be shown, if it is asked for. */
function unseen(view: ItemView, { item, screens }: Place): ItemView {
  const state = { ...view.state, cursor: item.mine.firstWrong || 1 };
  return { ...view, item, screens, state, open: null, hints: [], list: null, sibling: null, showWhy: false };
}

function columns(view: ItemView, shown: boolean): TemplateResult {
  const short = (view.item.reflection?.corrected.steps.length ?? 0) <= SHORT;
  return html`${solution(view, shown)} ${view.sibling ? beside(view, view.sibling) : nothing}
    <div class="right ${short ? "short" : ""}">${reflection(view, shown)}</div>`;
}
