import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import {
  COMPARE_TABS,
  type ComparedAttempts,
  type CompareFromView,
  type CompareMemory,
  type CompareTab,
  type CompareToView,
} from "../../src/protocol/compare-panel.js";
import type { ComparedProblem, Comparison } from "../../src/protocol/comparison.js";
import { Host } from "../shared/host.js";
import { ListPage } from "../shared/list-page.js";
import { chip, icon } from "../shared/parts.js";
import { isPressable, registerToolkit } from "../shared/toolkit.js";
import { details } from "./details.js";
import { headline } from "./figures.js";
import { type PairActions, type PairState, pair, type Side, telling } from "./pair.js";
import { problems } from "./problems.js";
import { square } from "./table.js";
import "../shared/math.js";
import "./compare.css";

registerToolkit();

const NAMES: Record<CompareTab, string> = {
  regressed: "Regressed",
  fixed: "Fixed",
  first: "First attempts",
  reflection: "Reflection",
  second: "Second look",
  verification: "Verification",
};

@customElement("errata-compare")
export class CompareApp extends ListPage {
  @state() private shown: Comparison | null = null;
  @state() private tab: CompareTab = "regressed";
  @state() private opened: ComparedProblem | null = null;
  @state() private attempts: ComparedAttempts | null = null;
  @state() private at: Record<Side, number> = { a: 0, b: 0 };
  @state() private side: Side = "a";
  @state() private raw = false;
  private leftOut = 0;
  private readonly host = new Host<CompareToView, CompareFromView, CompareMemory>((message) => {
    if (message.type === "comparison") {
      this.leftOut = message.leftOut ?? 0;
      this.take(message.comparison);
    } else if (message.attempts.problemRowId === this.opened?.problemRowId) {
      this.attempts = message.attempts;
      this.at = telling(this.opened, message.attempts);
    }
  });

  protected override ready(): void {
    this.host.post({ type: "ready" });
  }

  private take(comparison: Comparison): void {
    const memory = this.host.memory;
    this.shown = comparison;
    const { regressed, fixed } = comparison;
    this.tab = memory?.tab ?? (regressed.length === 0 && fixed.length > 0 ? "fixed" : "regressed");
    const problem = [...regressed, ...fixed].find((one) => one.problemRowId === memory?.problem);
    this.scrolled = memory?.scroll ?? 0;
    if (problem) this.open(problem);
    else this.scrollBack();
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("tab") || changed.has("opened") || changed.has("shown")) this.remember();
  }

  private remember(): void {
    if (!this.shown) return;
    const { scrolled, tab, opened } = this;
    const key = this.shown.createdAt;
    this.host.memory = { key, scroll: scrolled, tab, ...(opened && { problem: opened.problemRowId }) };
  }

  private list(): ComparedProblem[] {
    const c = this.shown;
    if (!c || !this.opened) return [];
    return c.fixed.includes(this.opened) ? c.fixed : c.regressed;
  }

  private open(problem: ComparedProblem): void {
    this.opened = problem;
    this.attempts = null;
    this.at = { a: 0, b: 0 };
    this.host.post({ type: "attempts", problemRowId: problem.problemRowId });
    this.toTop();
  }

  private readonly act: PairActions = {
    back: () => {
      const was = this.opened?.problemRowId;
      this.opened = null;
      this.attempts = null;
      this.scrollBack();
      void this.updateComplete.then(() =>
        this.querySelector<HTMLElement>(`[data-problem="${was}"]`)?.focus({ preventScroll: true }),
      );
    },
    next: (by) => {
      const list = this.list();
      const problem = this.opened && list[list.indexOf(this.opened) + by];
      if (problem) this.open(problem);
    },
    choose: (side, index) => {
      this.side = side;
      this.at = { ...this.at, [side]: index };
    },
    focus: (side) => {
      this.side = side;
    },
    review: () => {
      const { attempts, opened } = this;
      if (!opened) return;
      const [first, other] = this.side === "a" ? [opened.a, opened.b] : [opened.b, opened.a];
      const shown = attempts?.[this.side][this.at[this.side]]?.id;
      const ids = [...first.attemptIds, ...other.attemptIds];
      const attemptIds = shown === undefined ? ids : [shown, ...ids.filter((id) => id !== shown)];
      this.host.post({ type: "open", attemptIds });
    },
    raw: () => {
      this.raw = !this.raw;
    },
  };

  /** The keys of a problem's two sides; elsewhere the browser's own. */
  protected override readonly pressed = (event: KeyboardEvent): void => {
    if (!this.opened || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isPressable(document.activeElement) && (event.key === " " || event.key === "Enter")) return;
    const step = (by: 1 | -1) => {
      const count = this.attempts?.[this.side].length ?? 0;
      if (count > 0) this.act.choose(this.side, (this.at[this.side] + by + count) % count);
    };
    this.heed(event, {
      Escape: this.act.back,
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1),
      j: () => this.act.next(1),
      k: () => this.act.next(-1),
      "1": () => this.act.focus("a"),
      "2": () => this.act.focus("b"),
      r: this.act.raw,
      o: this.act.review,
    });
  };

  protected override render(): TemplateResult {
    const c = this.shown;
    if (!c) return html`<main aria-busy="true"></main>`;
    return html`${header(c, this.leftOut)}
      <main tabindex="-1" @scroll=${this.scrolledTo}>${this.opened ? pair(c, this.sides(this.opened), this.act) : this.overview(c)}</main>`;
  }

  private readonly scrolledTo = (event: Event): void => {
    if (this.opened || !(event.target instanceof HTMLElement)) return;
    this.scrolled = event.target.scrollTop;
    this.remember();
  };

  private sides(problem: ComparedProblem): PairState {
    const { attempts, at, side, raw } = this;
    const list = this.list();
    const which = list === this.shown?.fixed ? "fixed" : "regressed";
    const position = `${list.indexOf(problem) + 1} of ${list.length} ${which}`;
    return { problem, attempts, at, side, raw, position };
  }

  private overview(c: Comparison): TemplateResult {
    const { tab } = this;
    return html`${alarms(c)}
      <div class="top">${square(c)} ${headline(c)}</div>
      <div class="tabs" role="tablist" aria-label="Details" @keydown=${this.tabKeys}>
        ${this.button("regressed", chip(c.regressed.length > 0 ? "bad" : "quiet", c.regressed.length))}
        ${this.button("fixed", chip(c.fixed.length > 0 ? "good" : "quiet", c.fixed.length))}
        ${this.button("first")} ${this.button("reflection")}
        ${this.button("second", c.intrinsic ? nothing : html`<span class="none">not measured</span>`)}
        ${this.button("verification", c.verification ? nothing : html`<span class="none">not measured</span>`)}
      </div>
      <div role="tabpanel" aria-label=${NAMES[tab]}>
        ${
          tab === "regressed" || tab === "fixed"
            ? problems(c, tab, (problem) => this.open(problem))
            : details(c, tab, () => this.host.post({ type: "measure" }))
        }
      </div>`;
  }

  private button(which: CompareTab, more: unknown = nothing): TemplateResult {
    const on = this.tab === which;
    return html`<button
      type="button"
      role="tab"
      tabindex=${on ? "0" : "-1"}
      aria-selected=${on ? "true" : "false"}
      @click=${() => {
        this.tab = which;
      }}
    >
      ${NAMES[which]} ${more}
    </button>`;
  }

  private readonly tabKeys = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = COMPARE_TABS.at((COMPARE_TABS.indexOf(this.tab) + by) % COMPARE_TABS.length);
    this.tab = next ?? "regressed";
    void this.updateComplete.then(() =>
      this.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus(),
    );
  };
}

function header(c: Comparison, leftOut: number): TemplateResult {
  const bad = leftOut === 1 ? "1 problem left out" : `${leftOut} problems left out`;
  const total = c.table.both + c.table.onlyA + c.table.onlyB + c.table.neither;
  const seed = c.sampling ? ` · seed ${c.sampling.seed} for both` : "";
  return html`<header class="bar">
    <h1>${c.modelA} → ${c.modelB}</h1>
    <span class="figures">${c.problems} · ${total} problems · ${c.group} samples each${seed}</span>
    ${
      leftOut > 0
        ? chip(
            "quiet",
            html`${icon("circle-slash")}${bad}`,
            "Somebody called them bad, or their gold answer wrong. Compare again where that was after this comparison",
          )
        : nothing
    }
    ${
      c.unscored.a + c.unscored.b > 0
        ? chip(
            "warn",
            html`${icon("question")}${c.unscored.a} and ${c.unscored.b} unscored`,
            "Samples that the grader could not decide; they leave the denominator",
          )
        : nothing
    }
    <span class="faint">${when(c.createdAt)}</span>
  </header>`;
}

function alarms(c: Comparison): TemplateResult | typeof nothing {
  if (!c.alarms || c.alarms.length === 0) return nothing;
  return html`<ul class="alarms" aria-label="Alarms">
    ${c.alarms.map(
      ({ model, message }) =>
        html`<li>${icon("warning")}<span><b>${model === "a" ? c.modelA : c.modelB}</b> ${message}</span></li>`,
    )}
  </ul>`;
}

function when(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime())
    ? ""
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
