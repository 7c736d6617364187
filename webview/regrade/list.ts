import { html, nothing, type TemplateResult } from "lit";
import { type ChangeKind, REGRADE_PAGE, type RegradeRow } from "../../src/protocol/regrade.js";
import { answer, icon, verdictChip } from "../shared/parts.js";
import { unwatch, type Windowed, watch } from "../shared/virtual.js";

/** A title and a reason are read, not scrolled. Characters. */
const TITLE = 300;
const REASON = 240;

/** A page of rows, as it comes and goes with the screen. */
class RowsGroup extends HTMLOListElement implements Windowed {
  tell: ((on: boolean, height: number) => void) | null = null;
  connectedCallback(): void {
    watch(this);
  }
  disconnectedCallback(): void {
    unwatch(this);
  }
  near(on: boolean): void {
    this.tell?.(on, this.offsetHeight);
  }
}
customElements.define("errata-row-group", RowsGroup, { extends: "ol" });

interface Page {
  rows: readonly RegradeRow[];
  near: boolean;
  /** Pixels that it was high when it was last on the screen. */
  height: number;
}

interface Needs {
  /** Asks for the rows after this attempt. */
  more(after: number): void;
  draw(): void;
  open(attemptId: number): void;
}

/** The attempts of one kind of change: read a page at a time as one comes near, drawn only near the screen. */
export class ChangeList {
  private pages: Page[] = [];
  private asked = -1;
  private whole = false;

  constructor(
    readonly kind: ChangeKind,
    readonly count: number,
    private readonly needs: Needs,
  ) {
    this.ask();
  }

  get rows(): RegradeRow[] {
    return this.pages.flatMap(({ rows }) => rows);
  }

  take(after: number, rows: readonly RegradeRow[]): void {
    if (after !== this.asked) return;
    this.asked = -1;
    this.whole = rows.length < REGRADE_PAGE;
    if (rows.length > 0) this.pages.push({ rows, near: true, height: 0 });
    this.needs.draw();
  }

  private ask(): void {
    if (this.asked >= 0 || this.whole) return;
    this.asked = this.pages.at(-1)?.rows.at(-1)?.attemptId ?? 0;
    this.needs.more(this.asked);
  }

  private bring(page: Page, on: boolean, height: number): void {
    if (on && page === this.pages.at(-1)) this.ask();
    if (page.near === on) return;
    if (!on) page.height = height;
    page.near = on;
    this.needs.draw();
  }

  view(raw: boolean): TemplateResult {
    const read = this.pages.reduce((n, { rows }) => n + rows.length, 0);
    return html`${this.pages.map((page, i) => this.page(page, i, raw))}
    ${
      this.whole
        ? nothing
        : html`<p class="faint" role="status">
            ${read === 0 ? "Reading…" : html`<button type="button" class="link" @click=${() => this.ask()}>more</button>`}
          </p>`
    }`;
  }

  private page(page: Page, i: number, raw: boolean): TemplateResult {
    return html`<ol
      is="errata-row-group"
      class="rows"
      start=${i * REGRADE_PAGE + 1}
      .style=${page.near ? "" : `height: ${page.height}px`}
      .tell=${(on: boolean, height: number) => this.bring(page, on, height)}
    >
      ${page.near ? page.rows.map((row) => this.row(row, raw)) : nothing}
    </ol>`;
  }

  private row(row: RegradeRow, raw: boolean): TemplateResult {
    return html`<li>
      <button
        type="button"
        class="plain entry"
        data-attempt=${row.attemptId}
        title="Open in Review"
        @click=${() => this.needs.open(row.attemptId)}
      >
        <span class="about">
          <errata-math class="title" .text=${cut(row.problem, TITLE)} .raw=${raw} .lazy=${true}></errata-math>
          <span class="faint">gold ${answer(row.gold || null, raw)}</span>
        </span>
        ${side("now", row.from, row.fromAnswer, row.fromReason, raw)} ${icon("arrow-right")}
        ${side("then", row.to, row.toAnswer, row.toReason, raw)}
      </button>
    </li>`;
  }
}

function side(
  when: string,
  verdict: RegradeRow["from"],
  read: string | null,
  reason: string,
  raw: boolean,
): TemplateResult {
  return html`<span class="side">
    <span class="unseen">${when}:</span>
    ${verdictChip(verdict)} <span class="boxed">${answer(read, raw)}</span>
    <span class="faint reason">${cut(reason, REASON)}</span>
  </span>`;
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);
