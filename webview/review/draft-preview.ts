import { html, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { cutSteps, type Step } from "../../src/protocol/steps.js";
import type { Grade } from "../../src/protocol/types.js";
import "../shared/math.js";
import { Rows } from "./rows.js";

/** Beyond this many steps, only what comes near the screen is typeset when the draft is opened. */
const LAZY_FROM = 40;

/** A draft, typeset as it is written: only steps that changed are typeset again. */
export class Preview {
  private text: string | null = null;
  private steps: Step[] = [];
  private readonly rows = new Rows();
  private ids: readonly number[] = [];
  /** Steps that stood there at first, as they stood, may wait until they are near the screen; what is typed may not. */
  private first: readonly string[] = [];
  /** What the grader read, in the step that it read it from. */
  private mark: { id: number | undefined; text: string; span: [number, number] } | null = null;

  template(text: string): TemplateResult {
    this.cut(text);
    if (this.steps.length === 0) return html`<p class="none">Nothing is written.</p>`;
    return html`<ol class="steps" aria-label="Steps of your correction">
      ${repeat(
        this.steps,
        (_, i) => this.ids[i],
        (step, i) => {
          const id = this.ids[i] ?? -1;
          const marked = this.mark?.id === id && this.mark.text === step.text;
          return html`<li class="step">
            <span class="number" aria-hidden="true">${step.n}</span>
            <errata-math
              .lazy=${this.first[id] === step.text}
              .mark=${marked ? this.mark?.span : null}
              .text=${step.text}
            ></errata-math>
          </li>`;
        },
      )}
    </ol>`;
  }

  private cut(text: string): void {
    if (text === this.text) return;
    const opened = this.text === null;
    this.text = text;
    this.steps = cutSteps(text);
    const texts = this.steps.map((step) => step.text);
    this.ids = this.rows.take(texts);
    if (opened && texts.length > LAZY_FROM) this.first = texts;
  }

  read(graded: { text: string; grade: Grade } | null): void {
    const span = graded?.grade.span;
    if (!graded || !span || graded.text !== this.text) return;
    const i = this.steps.findIndex(({ start, text }) => start < span[1] && start + text.length > span[0]);
    const step = this.steps[i];
    this.mark = step
      ? {
          id: this.ids[i],
          text: step.text,
          span: [Math.max(0, span[0] - step.start), Math.min(step.text.length, span[1] - step.start)],
        }
      : null;
  }

  /** Marks the step that the caret is in, and scrolls it into the pane, never the page. */
  reveal(pane: HTMLElement | null, caret: number | null): void {
    const items = pane?.querySelectorAll<HTMLElement>(".step");
    if (!pane || !items) return;
    let at = -1;
    if (caret !== null) while ((this.steps[at + 1]?.start ?? Number.POSITIVE_INFINITY) <= caret) at++;
    items.forEach((item, i) => {
      if (item.classList.contains("cursor") !== (i === at)) item.classList.toggle("cursor", i === at);
    });
    const current = items[at];
    if (!current) return;
    const [box, around] = [current.getBoundingClientRect(), pane.getBoundingClientRect()];
    if (box.top < around.top) pane.scrollTop -= around.top - box.top + 4;
    else if (box.bottom > around.bottom)
      pane.scrollTop += Math.min(box.bottom - around.bottom + 4, box.top - around.top);
  }
}
