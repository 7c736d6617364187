import { html, nothing, type TemplateResult } from "lit";
import type { Overrule, Said } from "../../src/protocol/review.js";
import { icon } from "../shared/parts.js";

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment as its reader's clock shows it; what is no date stays as it is. */
export function moment(at: string): TemplateResult {
  const time = Date.parse(at);
  return html`<time datetime=${at}>${Number.isNaN(time) ? at : DAY.format(time)}</time>`;
}

/** What other people, and machines, said of this item. */
export function others(said: readonly Said[]): TemplateResult | typeof nothing {
  if (said.length === 0) return nothing;
  const people = new Set(said.map(({ who }) => who)).size;
  return html`<details class="quietly">
    <summary>${icon("comment-discussion")}${people === 1 ? "1 other says" : `${people} others say`}</summary>
    <ul>
      ${said.map(
        ({ who, at, machine, words }) => html`<li>
          <span class="who">${icon(machine ? "hubot" : "person")}${who}</span>
          <span>${words}</span>
          <span class="faint">${moment(at)}</span>
        </li>`,
      )}
    </ul>
  </details>`;
}

/** Who overruled the grader here, and who took it back; the oldest word first. */
export function history(overrules: readonly Overrule[]): TemplateResult | typeof nothing {
  if (overrules.length === 0) return nothing;
  const times = overrules.length === 1 ? "once" : `${overrules.length} times`;
  return html`<details class="quietly">
    <summary>${icon("history")}The grader was overruled ${times}</summary>
    <ol>
      ${overrules.map(
        ({ who, at, verdict }) => html`<li>
          <span class="who">${icon("person")}${who}</span>
          <span>${verdict === null ? "took it back" : `said ${verdict === "unscored" ? "unscorable" : verdict}`}</span>
          <span class="faint">${moment(at)}</span>
        </li>`,
      )}
    </ol>
  </details>`;
}
