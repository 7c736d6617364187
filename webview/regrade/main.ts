import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { count, number } from "../../src/protocol/figures.js";
import type {
  ChangeKind,
  RegradeFromView,
  RegradeMemory,
  RegradeState,
  RegradeToView,
} from "../../src/protocol/regrade.js";
import type { Regrade } from "../../src/protocol/verdicts.js";
import { Host } from "../shared/host.js";
import { ListPage } from "../shared/list-page.js";
import { icon, key } from "../shared/parts.js";
import { isTextField, registerToolkit } from "../shared/toolkit.js";
import { ChangeList } from "./list.js";
import { changes, flips, history, rereads, STATES, sameKind, verdicts } from "./table.js";
import "../shared/math.js";
import "./regrade.css";

registerToolkit();

@customElement("errata-regrade")
export class RegradeApp extends ListPage {
  @state() private shown: RegradeState | null = null;
  @state() private list: ChangeList | null = null;
  @state() private raw = false;
  private readonly host = new Host<RegradeToView, RegradeFromView, RegradeMemory>((message) => {
    if (message.type === "state") this.take(message.state);
    else if (message.regradeId === this.shown?.regrade?.id && sameKind(this.list?.kind ?? null, message.kind))
      this.list?.take(message.after, message.rows);
  });

  protected override ready(): void {
    this.host.post({ type: "ready" });
  }

  private take(next: RegradeState): void {
    const before = this.shown?.regrade ?? null;
    this.shown = next;
    const { regrade } = next;
    if (!regrade) {
      this.list = null;
      return;
    }
    if (before?.id === regrade.id && this.list) return;
    const { memory } = this.host;
    const kept = before === null && memory?.regradeId === regrade.id ? memory.kind : null;
    const kind = regrade.changes.find((one) => kept && sameKind(kept, one)) ?? regrade.changes[0];
    if (before && before.id !== regrade.id) this.scrolled = 0;
    if (kind) this.choose(kind);
    else this.list = null;
    this.remember();
  }

  private choose({ from, to }: ChangeKind): void {
    const { regrade } = this.shown ?? {};
    const kind = { from, to };
    if (!regrade || sameKind(this.list?.kind ?? null, kind)) return;
    const count = regrade.changes.find((one) => sameKind(kind, one))?.count ?? 0;
    this.list = new ChangeList(kind, count, {
      more: (after) => this.host.post({ type: "rows", regradeId: regrade.id, kind, after }),
      draw: () => this.requestUpdate(),
      open: (attemptId) => this.host.post({ type: "review", regradeId: regrade.id, attemptId, kind }),
    });
    this.remember();
  }

  private remember(): void {
    this.host.memory = {
      regradeId: this.shown?.regrade?.id ?? null,
      kind: this.list?.kind ?? null,
      scroll: this.scrolled,
    };
  }

  /** `j` and `k` and the arrows go through the list; Enter, on an entry, opens it. */
  protected override readonly pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTextField(document.activeElement)) return;
    const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (event.key === "r") this.raw = !this.raw;
    else if (by !== undefined) this.move(by);
    else return;
    event.preventDefault();
  };

  private move(by: number): void {
    const entries = [...this.querySelectorAll<HTMLElement>(".entry")];
    const at = entries.findIndex((entry) => entry.matches(":focus"));
    const next = entries[at < 0 ? 0 : Math.max(0, Math.min(entries.length - 1, at + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  protected override render(): TemplateResult {
    const { shown } = this;
    if (!shown) return html`<main aria-busy="true"></main>`;
    const { regrade } = shown;
    return html`${this.header(shown)}
      <div class="notice" role="status">
        ${shown.notice ? html`<p>${icon("info")}${shown.notice}</p>` : nothing}
        ${shown.readOnly ? html`<p>${icon("lock")}${shown.readOnly}</p>` : nothing}
      </div>
      <main tabindex="-1" aria-busy=${shown.busy ? "true" : "false"} @scroll=${this.scrolledTo}>
        ${regrade ? this.preview(regrade) : this.nothingYet(shown)}
        ${history(shown.history, regrade, shown.readOnly !== null || shown.busy !== null, {
          show: (regradeId) => this.host.post({ type: "show", regradeId }),
          undo: (regradeId) => this.host.post({ type: "undo", regradeId }),
        })}
      </main>`;
  }

  private readonly scrolledTo = (event: Event): void => {
    if (!(event.target instanceof HTMLElement)) return;
    this.scrolled = event.target.scrollTop;
  };

  private header({ regrade, leftOut, busy, readOnly, history: all }: RegradeState): TemplateResult {
    const words = [
      ...(regrade ? [regrade.settings, regrade.scope, STATES[regrade.state]] : []),
      ...(leftOut === 0 ? [] : [`${count(leftOut, "problem")} left out`]),
    ];
    return html`<header class="bar">
      <h1>Re-grade</h1>
      <span class="figures">${words.join(" · ")}</span>
      ${busy ? html`<span class="busy" role="status"><vscode-progress-ring></vscode-progress-ring>${busy}</span>` : nothing}
      ${regrade && !busy && !readOnly ? this.buttons(regrade, all) : nothing}
    </header>`;
  }

  private buttons(regrade: Regrade, all: readonly Regrade[]): TemplateResult {
    const { id: regradeId, state: at } = regrade;
    if (at === "preview") {
      const none = regrade.changes.length === 0;
      return html`<span class="buttons">
        ${
          none
            ? nothing
            : html`<vscode-button @click=${() => this.host.post({ type: "apply", regradeId })}
                >${icon("check")}Apply ${number(total(regrade))} changes</vscode-button
              >`
        }
        <vscode-button appearance="secondary" @click=${() => this.host.post({ type: "drop", regradeId })}
          >Drop</vscode-button
        >
      </span>`;
    }
    const last = all.find((one) => one.state === "applied")?.id === regradeId;
    return html`<span class="buttons">
      ${
        last
          ? html`<vscode-button @click=${() => this.host.post({ type: "undo", regradeId })}
              >${icon("discard")}Undo all of it</vscode-button
            >`
          : nothing
      }
      <vscode-button appearance="secondary" @click=${() => this.host.post({ type: "again" })}
        >Re-grade…</vscode-button
      >
    </span>`;
  }

  private preview(regrade: Regrade): TemplateResult {
    if (regrade.state === "dropped")
      return html`<p class="none">This preview was dropped; nothing changed.</p>`;
    if (regrade.changes.length === 0) {
      return html`<p class="none">
        Nothing changes: all ${number(regrade.graded)} attempts would keep verdict, answer and reason.
      </p>`;
    }
    const stays = regrade.graded - total(regrade);
    const others = rereads(regrade);
    return html`<section aria-label="What changes">
        <p class="sum">
          <b>${verdicts(flips(regrade))} ${regrade.state === "preview" ? "would change" : regrade.state === "undone" ? "were changed, and put back" : "changed"}</b>
          <span class="faint">
            · ${others === 0 ? nothing : html`${number(others)} keep theirs for another answer or reason · `}
            ${number(stays)} ${stays === 1 ? "stays as it is" : "stay as they are"} · a person’s word on a
            verdict stands whatever the grader says
          </span>
        </p>
        ${changes(regrade, this.list?.kind ?? null, (kind) => this.choose(kind))}
      </section>
      ${this.list ? this.attempts(this.list) : nothing}`;
  }

  private attempts(list: ChangeList): TemplateResult {
    const { from, to } = list.kind;
    return html`<section class="attempts" aria-label="Attempts">
      <div class="line">
        <h2>${from === to ? `${from}, read another way` : `${from} to ${to}`}</h2>
        <span class="faint"
          >${count(list.count, "attempt")} · ${key("j", "k")} next, previous ·
          ${key("⏎")} opens it in Review</span
        >
      </div>
      ${list.view(this.raw)}
    </section>`;
  }

  private nothingYet({ readOnly }: RegradeState): TemplateResult {
    return html`<div class="empty middle">
      ${icon("law")}
      <h1>Nothing was graded again yet</h1>
      <p>
        Grade the pool again with other settings: other readers, a tolerance for decimals, units that must be there.
        Nothing is sampled again, and you see every change before it is applied.
      </p>
      ${readOnly ? nothing : html`<vscode-button @click=${() => this.host.post({ type: "again" })}>Re-grade…</vscode-button>`}
    </div>`;
  }
}

const total = ({ changes: all }: Regrade): number => all.reduce((n, { count }) => n + count, 0);
