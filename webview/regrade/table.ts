import { html, nothing, type TemplateResult } from "lit";
import { count, number } from "../../src/protocol/figures.js";
import type { ChangeKind } from "../../src/protocol/regrade.js";
import type { Regrade } from "../../src/protocol/verdicts.js";
import { icon, verdictChip } from "../shared/parts.js";

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const sameKind = (a: ChangeKind | null, b: ChangeKind): boolean => a?.from === b.from && a.to === b.to;

/** Attempts whose verdict another one takes the place of. */
export const flips = (regrade: Regrade): number =>
  regrade.changes.reduce((n, { from, to, count }) => n + (from === to ? 0 : count), 0);

/** Attempts that keep their verdict, for another answer or another reason. */
export const rereads = (regrade: Regrade): number =>
  regrade.changes.reduce((n, { from, to, count }) => n + (from === to ? count : 0), 0);

/** "12 verdicts" */
export const verdicts = (n: number): string => count(n, "verdict");

/** What would change, by kind; each can be listed. */
export function changes(
  regrade: Regrade,
  chosen: ChangeKind | null,
  choose: (kind: ChangeKind) => void,
): TemplateResult {
  return html`<table class="changes">
    <caption class="unseen">Changes by kind</caption>
    <thead>
      <tr>
        <th scope="col">Change</th>
        <th scope="col" class="number">Attempts</th>
        <th scope="col" class="number">Of ${number(regrade.graded)} graded</th>
        <th scope="col"><span class="unseen">List</span></th>
      </tr>
    </thead>
    <tbody>
      ${regrade.changes.map((kind) => {
        const on = sameKind(chosen, kind);
        const words = kind.from === kind.to ? `${kind.from}, read another way` : `${kind.from} to ${kind.to}`;
        return html`<tr class=${on ? "chosen" : ""} @click=${() => choose(kind)}>
          <th scope="row">
            ${verdictChip(kind.from)}
            ${
              kind.from === kind.to
                ? html`<span class="faint">stays; another answer or reason</span>`
                : html`${icon("arrow-right")} ${verdictChip(kind.to)}`
            }
          </th>
          <td class="number">${number(kind.count)}</td>
          <td class="number faint">${((100 * kind.count) / Math.max(1, regrade.graded)).toFixed(1)} %</td>
          <td>
            <button
              type="button"
              class="link"
              aria-pressed=${on ? "true" : "false"}
              aria-label="List ${words}"
              @click=${(event: Event) => {
                event.stopPropagation();
                choose(kind);
              }}
            >
              list
            </button>
          </td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}

export const STATES: Readonly<Record<Regrade["state"], string>> = {
  grading: "stopped before it was through",
  preview: "preview, not applied",
  applied: "applied",
  undone: "undone",
  dropped: "dropped",
};

/** Every re-grading, the newest first; the last one that stands can be undone. */
export function history(
  all: readonly Regrade[],
  shown: Regrade | null,
  readOnly: boolean,
  act: { show(id: number): void; undo(id: number): void },
): TemplateResult | typeof nothing {
  if (all.length === 0) return nothing;
  const last = all.find(({ state }) => state === "applied");
  return html`<section class="history" aria-label="Earlier re-gradings">
    <h2>History</h2>
    <ol>
      ${all.map(
        (one) => html`<li aria-current=${one.id === shown?.id ? "true" : nothing}>
          <span class="when faint">${day(one.at)} · ${one.who}</span>
          <span class="what">${one.settings} <span class="faint">· ${one.scope}</span></span>
          <span class="faint">${STATES[one.state]}${one.state === "dropped" ? nothing : html` · ${verdicts(flips(one))}`}</span>
          <span class="does">
            ${
              one.id === shown?.id || one.state === "dropped"
                ? nothing
                : html`<button type="button" class="link" aria-label="Show re-grading ${one.id}" @click=${() => act.show(one.id)}>show</button>`
            }
            ${
              one === last && !readOnly
                ? html`<button type="button" class="link" aria-label="Undo re-grading ${one.id}" @click=${() => act.undo(one.id)}>undo</button>`
                : nothing
            }
          </span>
        </li>`,
      )}
    </ol>
  </section>`;
}

function day(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? at : DAY.format(time);
}
