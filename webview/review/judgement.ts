import { html, nothing, type TemplateResult } from "lit";
import type { ReviewAction } from "../../src/protocol/review.js";
import { icon, key } from "../shared/parts.js";
import { textOf } from "../shared/toolkit.js";
import type { ItemView } from "./context.js";

const ANCHORS: Record<number, string> = {
  1: "misleads: names no error, or a wrong one",
  2: "vague: something is wrong, not what",
  3: "half right: the place or the cause",
  4: "right place and cause, small gaps",
  5: "names the line and the cause; the correction follows",
};
const RATES: ReviewAction[] = ["rate1", "rate2", "rate3", "rate4", "rate5"];

/** What the person says: rating, decision, note. Every press is stored at once. */
export function judgement(view: ItemView): TemplateResult {
  const { mine, reflection } = view.item;
  return html`<section class="judgement" aria-label="Your judgement">
    <div class="line">
      <h2>Your judgement</h2>
      <span class="read">saved as you press</span>
    </div>
    <div class="axis">
      <span id="axis-overall">${reflection ? "Reflection" : "Attempt"}, overall</span>
      <div class="rating" role="radiogroup" aria-labelledby="axis-overall">
        ${RATES.map((action, i) => {
          const on = mine.rating === i + 1;
          return html`<button
            type="button"
            role="radio"
            aria-checked=${on ? "true" : "false"}
            title=${ANCHORS[i + 1] ?? ""}
            @click=${() => view.act(action)}
          >
            ${i + 1}
          </button>`;
        })}
      </div>
      <span class="anchor">${mine.rating === undefined ? "1 misleads – 5 names line and cause" : ANCHORS[mine.rating]}</span>
    </div>
    <div class="buttons">
      ${decision(view, "accept", "accepted", "check", "Accept", "Accepted", "a")}
      ${decision(view, "reject", "rejected", "close", "Reject", "Rejected", "x")}
      <vscode-button
        appearance="secondary"
        class=${mine.note ? "on" : ""}
        @click=${() => view.act("note")}
        >${icon("note")}Note ${key("n")}</vscode-button
      >
      <vscode-button
        appearance="secondary"
        class=${mine.flag ? "on" : ""}
        aria-pressed=${mine.flag ? "true" : "false"}
        @click=${() => view.act("flag")}
        >${icon("flag")}Flag ${key("f")}</vscode-button
      >
    </div>
    ${note(view)}
  </section>`;
}

function decision(
  view: ItemView,
  action: "accept" | "reject",
  value: "accepted" | "rejected",
  name: string,
  before: string,
  after: string,
  shortcut: string,
): TemplateResult {
  const on = view.item.mine.decision === value;
  return html`<vscode-button
    appearance=${on ? "primary" : "secondary"}
    aria-pressed=${on ? "true" : "false"}
    title=${on ? "Press again to take it back" : ""}
    @click=${() => view.act(action)}
    >${icon(name)}${on ? after : before} ${key(shortcut)}</vscode-button
  >`;
}

function note(view: ItemView): TemplateResult | typeof nothing {
  if (view.open === "note") {
    return html`<div class="editor">
      <vscode-text-area
        class="field"
        rows="3"
        resize="vertical"
        aria-label="Your note on this attempt"
        .value=${view.draft}
        @input=${(event: Event) => view.typed(textOf(event))}
      ></vscode-text-area>
      <div class="buttons">
        <vscode-button @click=${() => view.save(false)}>Save note ${key("Ctrl ⏎")}</vscode-button>
        <vscode-button appearance="secondary" @click=${() => view.leave()}>Leave ${key("Esc")}</vscode-button>
      </div>
    </div>`;
  }
  const text = view.item.mine.note;
  return text
    ? html`<p class="note">${icon("note")}<errata-math .text=${text} .raw=${view.raw}></errata-math></p>`
    : nothing;
}
