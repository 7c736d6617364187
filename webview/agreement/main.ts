import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type {
  AdjudicationItem,
  AgreementFromView,
  AgreementMemory,
  AgreementState,
  AgreementToView,
  Annotator,
} from "../../src/protocol/agreement.js";
import { count } from "../../src/protocol/figures.js";
import { Host } from "../shared/host.js";
import { ListPage } from "../shared/list-page.js";
import { icon } from "../shared/parts.js";
import { short } from "../shared/short.js";
import { isPressable, isTextField, registerToolkit, textOf } from "../shared/toolkit.js";
import { figures, matrix } from "./figures.js";
import { adjudication, type ItemActions } from "./item.js";
import { list } from "./list.js";
import "../shared/math.js";
import "./agreement.css";

registerToolkit();

@customElement("errata-agreement")
export class AgreementApp extends ListPage {
  @state() private shown: AgreementState | null = null;
  @state() private row: string | null = null;
  /** The attempt that is asked for, or shown. */
  @state() private opened: number | null = null;
  @state() private item: AdjudicationItem | null = null;
  @state() private subject: string | null = null;
  @state() private raw = false;
  private readonly host = new Host<AgreementToView, AgreementFromView, AgreementMemory>((message) => {
    if (message.type === "state") this.take(message.state);
    else if (message.item.attemptId === this.opened) this.takeItem(message.item);
  });

  protected override ready(): void {
    this.host.post({ type: "ready" });
  }

  private take(next: AgreementState): void {
    const first = this.shown === null;
    this.shown = next;
    const { memory } = this.host;
    if (first && memory) {
      this.row = memory.row;
      this.scrolled = memory.scroll;
      if (memory.attemptId !== null) this.open(memory.attemptId);
      else this.scrollBack();
    }
    const rows = next.report?.rows ?? [];
    if (!rows.some(({ id }) => id === this.row)) this.row = rows.find((one) => one.matrix)?.id ?? null;
  }

  /** The next judgement that is still open gets the cursor, unless the one under it is. */
  private takeItem(item: AdjudicationItem): void {
    const same = this.item?.attemptId === item.attemptId;
    const was = same ? item.subjects.find(({ key }) => key === this.subject) : undefined;
    const open = item.subjects.filter((one) => one.differs && !one.settled);
    this.item = item;
    const stays = was && (!same || open.length === 0 || (was.differs && !was.settled));
    this.subject = stays ? was.key : (open[0]?.key ?? was?.key ?? item.subjects[0]?.key ?? null);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("shown") || changed.has("row") || changed.has("opened")) this.remember();
  }

  private remember(): void {
    const chosen = this.shown?.chosen;
    if (!chosen) return;
    this.host.memory = { ...chosen, scroll: this.scrolled, row: this.row, attemptId: this.opened };
  }

  private open(attemptId: number): void {
    this.opened = attemptId;
    this.item = null;
    this.subject = null;
    this.host.post({ type: "open", attemptId });
    this.toTop();
  }

  private readonly act: ItemActions = {
    back: () => {
      const was = this.opened;
      this.opened = null;
      this.item = null;
      this.scrollBack();
      void this.updateComplete.then(() =>
        this.querySelector<HTMLElement>(`[data-attempt="${was}"]`)?.focus({ preventScroll: true }),
      );
    },
    next: (by) => {
      const lines = this.shown?.lines ?? [];
      const at = lines.findIndex(({ attemptId }) => attemptId === this.opened);
      const next = lines[at + by];
      if (next) this.open(next.attemptId);
      else if (by > 0 && lines.length < (this.shown?.total ?? 0)) this.host.post({ type: "more" });
    },
    row: (subject) => {
      this.subject = subject;
    },
    take: (subject, from) => this.say(subject, from, null),
    say: (subject, value) => this.say(subject, null, value),
    leave: () => {
      const open = (this.item?.subjects ?? []).filter((one) => one.differs && !one.settled);
      const next = open[open.findIndex(({ key }) => key === this.subject) + 1];
      if (next) this.subject = next.key;
      else this.act.next(1);
    },
    reopen: (key) => {
      if (this.opened !== null) this.host.post({ type: "reopen", attemptId: this.opened, key });
    },
    raw: () => {
      this.raw = !this.raw;
    },
    review: () => {
      if (this.opened !== null) this.host.post({ type: "review", attemptId: this.opened });
    },
  };

  private say(key: string, from: "a" | "b" | null, value: string | null): void {
    const { opened: attemptId } = this;
    if (attemptId !== null) this.host.post({ type: "take", attemptId, key, from, value });
  }

  private closed(): string | null {
    if (this.shown?.readOnly) return this.shown.readOnly;
    return this.shown?.report?.kind === "self"
      ? "Both words are one person’s, the second on an item that came back unseen: there is nothing to settle."
      : null;
  }

  private move(by: 1 | -1): void {
    const keys = (this.item?.subjects ?? []).map(({ key }) => key);
    const next = keys[keys.indexOf(this.subject ?? "") + by];
    if (next !== undefined) this.subject = next;
    void this.updateComplete.then(() =>
      this.querySelector("tr.current")?.scrollIntoView({ block: "nearest" }),
    );
  }

  /** Keys of the attempt side by side; in the overview they are the browser's own. */
  protected override readonly pressed = (event: KeyboardEvent): void => {
    if (this.opened === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const { activeElement } = document;
    if (isTextField(activeElement)) return;
    if (isPressable(activeElement) && (event.key === " " || event.key === "Enter")) return;
    if (activeElement instanceof HTMLSelectElement && event.key !== "Escape") return;
    const one =
      this.closed() === null ? this.item?.subjects.find(({ key }) => key === this.subject) : undefined;
    this.heed(event, {
      Escape: this.act.back,
      j: () => this.act.next(1),
      k: () => this.act.next(-1),
      ArrowDown: () => this.move(1),
      ArrowUp: () => this.move(-1),
      r: this.act.raw,
      o: this.act.review,
      ...(one && {
        ...(one.a !== null && { "1": () => this.act.take(one.key, "a") }),
        ...(one.b !== null && { "2": () => this.act.take(one.key, "b") }),
        ...(one.settled && { Backspace: () => this.act.reopen(one.key) }),
        b: this.act.leave,
      }),
    });
  };

  protected override render(): TemplateResult {
    const shown = this.shown;
    if (!shown) return html`<main aria-busy="true"></main>`;
    return html`${this.header(shown)}
      <main tabindex="-1" aria-busy=${shown.busy ? "true" : "false"} @scroll=${this.scrolledTo}>
        ${this.opened !== null ? this.sideBySide(shown) : this.overview(shown)}
      </main>`;
  }

  private readonly scrolledTo = (event: Event): void => {
    if (this.opened !== null || !(event.target instanceof HTMLElement)) return;
    this.scrolled = event.target.scrollTop;
    this.remember();
  };

  private header({ people, chosen, names, report, busy, leftOut }: AgreementState): TemplateResult {
    const persons = people.filter(({ role }) => role !== "machine");
    return html`<header class="bar">
      <h1>Agreement</h1>
      ${chosen ? this.choosers(persons, chosen, names) : nothing}
      <span class="figures">
        ${
          report
            ? `${report.attempts} ${report.attempts === 1 ? "attempt" : "attempts"} judged ${report.kind === "self" ? "twice" : report.kind === "all" ? "by two or more" : "by both"} · 95 % intervals by problem`
            : nothing
        }${report && leftOut > 0 ? ` · ${count(leftOut, "problem")} left out` : nothing}
      </span>
      ${busy ? html`<span class="busy" role="status"><vscode-progress-ring></vscode-progress-ring>Counting…</span>` : nothing}
      ${chosen ? html`<button type="button" class="plain merge" @click=${() => this.host.post({ type: "merge" })}>${icon("git-merge")} Merge another pool…</button>` : nothing}
    </header>`;
  }

  private choosers(
    people: readonly Annotator[],
    { a, b }: { a: string; b: string },
    names: Record<string, string>,
  ): TemplateResult {
    const persons = people.filter(({ role }) => role === "person");
    const repeats = people.find(({ who }) => who === a)?.repeats ?? 0;
    const option = (value: string, words: string, chosen: string): TemplateResult =>
      html`<option value=${value} ?selected=${value === chosen}>${short(words)}</option>`;
    return html`<span class="choose">
      <select
        aria-label="First person"
        .value=${a}
        @change=${(event: Event) => this.choose(textOf(event), b === a || b === textOf(event) ? a : b)}
      >
        ${people.map(({ who }) => option(who, names[who] ?? who, a))}
      </select>
      <span class="faint">and</span>
      <select aria-label="Second person" .value=${b} @change=${(event: Event) => this.choose(a, textOf(event))}>
        ${people.filter(({ who }) => who !== a).map(({ who }) => option(who, names[who] ?? who, b))}
        ${repeats > 0 || b === a ? option(a, "themselves, when items came back", b) : nothing}
        ${persons.length > 2 ? option("", "everybody", b) : nothing}
      </select>
    </span>`;
  }

  private choose(a: string, b: string): void {
    if (this.opened !== null) this.act.back();
    this.scrolled = 0;
    this.host.post({ type: "choose", a, b });
  }

  private overview(shown: AgreementState): TemplateResult {
    const { report, chosen, people } = shown;
    if (!chosen) return this.nobody(people);
    if (!report) return html``;
    if (report.rows.length === 0) return this.nothingInCommon(shown);
    const row = report.rows.find(({ id }) => id === this.row);
    const sides = this.sides(shown);
    return html`<div class="top">
        <section class="figures-section" aria-label="Figures with 95 % intervals">
          ${figures(report, this.row, (id) => {
            this.row = id;
          })}
          <p class="faint foot">
            Bars end at 1; their tick is 0, which for all but the plain agreement is chance. ${report.resamples} resamples of problems, seed
            ${report.seed}.${
              report.kind === "all" ? " Shares and AC are of all pairs of words on an item." : nothing
            }
          </p>
        </section>
        ${matrix(row, sides)}
      </div>
      ${
        report.kind === "all"
          ? html`<p class="faint">Choose two people to see where they differ.</p>`
          : list(
              shown,
              (attemptId) => this.open(attemptId),
              () => this.host.post({ type: "more" }),
            )
      }`;
  }

  private sides({ chosen, names, report }: AgreementState): [string, string] {
    const name = (who: string | undefined): string => (who === undefined ? "" : (names[who] ?? who));
    return report?.kind === "self" ? ["at first", "again"] : [name(chosen?.a), name(chosen?.b)];
  }

  private nobody(people: readonly Annotator[]): TemplateResult {
    const persons = people.filter(({ role }) => role === "person");
    const [only] = persons;
    return html`<div class="empty middle">
      ${icon("organization")}
      <h1>${only ? `Only ${short(only.name)} has judged here` : "Nobody has judged anything yet"}</h1>
      <p>
        ${
          only
            ? html`Agreement needs two. Another person can review in this folder under their own name, or in a copy of
                its pool on another machine, and you merge the two. Nothing is lost in a merge.`
            : html`Review some attempts first; what you say is kept with your name.`
        }
      </p>
      <div class="buttons">
        <vscode-button @click=${() => this.host.post({ type: "merge" })}>Merge Another Pool…</vscode-button>
        <vscode-button appearance="secondary" @click=${() => this.host.post({ type: "setName" })}>
          Set the Annotator’s Name
        </vscode-button>
      </div>
      ${only ? html`<p class="faint">Some items come back unseen while you review: then you can be measured against yourself.</p>` : nothing}
    </div>`;
  }

  private nothingInCommon({ report }: AgreementState): TemplateResult {
    return html`<div class="empty middle">
      ${icon("circle-slash")}
      <h1>${report?.kind === "self" ? "No item came back yet" : "They have judged nothing in common"}</h1>
      <p>
        ${
          report?.kind === "self"
            ? "About one item in twenty comes back unseen in a later sitting of Review."
            : "Agreement is counted where both judged the same attempt, or the same reflection."
        }
      </p>
    </div>`;
  }

  private sideBySide(shown: AgreementState): TemplateResult {
    const { item, subject, raw } = this;
    if (!item) return html`<p class="none" role="status">Reading…</p>`;
    const at = shown.lines.findIndex(({ attemptId }) => attemptId === item.attemptId);
    const position = at < 0 ? "" : `${at + 1} of ${shown.total}`;
    return adjudication(
      { item, names: this.sides(shown), subject, closed: this.closed(), position, raw },
      this.act,
    );
  }
}
