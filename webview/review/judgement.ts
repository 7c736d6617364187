import { html, nothing, type TemplateResult } from "lit";
import type { Judgement, ReviewAction } from "../../src/protocol/review.js";
import { icon, key } from "../shared/parts.js";
import { textOf } from "../shared/toolkit.js";
import { type ItemView, keyOf } from "./context.js";
import { MOD } from "./keys.js";
import { history, others } from "./others.js";
import { axisKeys, rubric, titleOf } from "./rubric.js";

/** What the person says of the reflection and of the attempt. Every press is stored at once. */
export function judgement(view: ItemView): TemplateResult {
  const { item } = view;
  const { mine } = item;
  return html`<section class="judgement" aria-label="Your judgement">
    <h2 class="unseen">Your judgement of the ${item.reflection ? "reflection" : "attempt"}</h2>
    ${rubric(view)}
    <div class="verdicts">
      <div class="buttons">
        ${decision(view, "accept", "accepted", "check", "Accept", "Accepted")}
        ${decision(view, "reject", "rejected", "close", "Reject", "Rejected")}
      </div>
      <div class="line">
        <span class="read" id="overrule">Overrule:</span>
        <div class="switch" role="group" aria-labelledby="overrule">
          ${overrule(view, "overruleCorrect", "correct", "correct")}
          ${overrule(view, "overruleIncorrect", "incorrect", "incorrect")}
          ${overrule(view, "overruleUnscored", "unscored", "unscorable")}
        </div>
      </div>
      <div class="tools">
        ${errorType(view)} ${labels(view)} ${press(view, "note", "note", "Note", mine.note !== undefined)}
        ${press(view, "flag", "flag", "Flag", mine.flag === true)}
        ${press(view, "badProblem", "circle-slash", "Bad problem", mine.badProblem === true)}
        ${press(view, "noWrongStep", "check-all", "No wrong step", mine.firstWrong === 0)}
      </div>
    </div>
    <div class="remarks">
      ${view.state.mode === "localise" ? axisKeys("axis") : nothing} ${note(view)} ${earlier(mine)} ${consequences(mine)} ${others(item.others)} ${history(item.overrules)}
    </div>
  </section>`;
}

function decision(
  view: ItemView,
  action: "accept" | "reject",
  value: "accepted" | "rejected",
  name: string,
  before: string,
  after: string,
): TemplateResult {
  const on = view.item.mine.decision === value;
  const why = view.item.refuses[action];
  return html`<vscode-button
    appearance=${on ? "primary" : "secondary"}
    aria-pressed=${on ? "true" : "false"}
    ?disabled=${why !== undefined}
    title=${why ?? (on ? "Press again to take it back" : `${before} the correction`)}
    @click=${() => view.act(action)}
    >${icon(name)}${on ? after : before} ${keyOf(action)}</vscode-button
  >`;
}

function overrule(
  view: ItemView,
  action: ReviewAction,
  value: Judgement["verdict"],
  words: string,
): TemplateResult {
  return html`<button
    type="button"
    aria-pressed=${view.item.mine.verdict === value ? "true" : "false"}
    title="Overrule the grader: the attempt is ${words}"
    @click=${() => view.act(action)}
  >
    ${words} ${keyOf(action)}
  </button>`;
}

function press(
  view: ItemView,
  action: ReviewAction,
  name: string,
  words: string,
  on: boolean,
): TemplateResult {
  return html`<button
    type="button"
    class="tool ${on ? "on" : ""}"
    aria-pressed=${on ? "true" : "false"}
    @click=${() => view.act(action)}
  >
    ${icon(name)}${words} ${keyOf(action)}
  </button>`;
}

function errorType(view: ItemView): TemplateResult {
  const chosen = view.item.mine.errorType;
  const title = chosen === undefined ? "Error type" : titleOf(view.state.rubric.errorTypes, chosen);
  return list(view, "errorType", "tag", title, chosen !== undefined);
}

function labels(view: ItemView): TemplateResult {
  const titles = view.item.mine.labels.map((id) => titleOf(view.state.rubric.labels, id));
  return list(view, "label", "symbol-keyword", titles.join(", ") || "Labels", titles.length > 0);
}

function list(
  view: ItemView,
  which: "errorType" | "label",
  name: string,
  words: string,
  on: boolean,
): TemplateResult {
  return html`<button
    type="button"
    class="tool ${on ? "on" : ""}"
    aria-haspopup="listbox"
    aria-expanded=${view.list === which ? "true" : "false"}
    @click=${() => view.toggleList(which)}
  >
    ${icon(name)}<span
      >${on ? html`<span class="unseen">${which === "label" ? "Labels" : "Error type"}: </span>` : nothing}${words}</span
    >
    ${keyOf(which)}
  </button>`;
}

/** Ratings and a decision are of one reflection: those of an earlier one are kept, and do not stand of this one. */
function earlier({ earlier: said }: Judgement): TemplateResult | typeof nothing {
  return said
    ? html`<p class="why">${icon("history")}You said before this reflection was there: ${said.join(", ")}. It is kept.</p>`
    : nothing;
}

/** Judgements that change more than this item say so. */
function consequences(mine: Judgement): TemplateResult {
  return html`${
    mine.badProblem
      ? html`<p class="why warn">
          ${icon("circle-slash")}Bad problem or wrong gold answer: all its attempts are out of the pool and of every
          figure.
        </p>`
      : nothing
  }
  ${
    mine.flag
      ? html`<p class="why">${icon("flag")}Flagged, to be found again by filter; nothing else changes.</p>`
      : nothing
  }`;
}

function note(view: ItemView): TemplateResult | typeof nothing {
  if (view.open === "note") {
    return html`<div class="note-field">
      <vscode-text-area
        class="field"
        rows="3"
        resize="vertical"
        ?readonly=${view.state.readOnly !== null}
        aria-label="Your note on this attempt"
        .value=${view.draft}
        @input=${(event: Event) => view.typed(textOf(event))}
      ></vscode-text-area>
      ${
        view.failed
          ? html`<p class="why warn" role="alert">
              ${icon("error")}The note could not be stored. It is kept here as a draft; save it again.
            </p>`
          : nothing
      }
      <div class="buttons">
        <vscode-button
          ?disabled=${view.state.readOnly !== null}
          title=${view.state.readOnly ?? ""}
          @click=${() => view.save(false)}
          >Save note ${key(`${MOD} ⏎`)}</vscode-button>
        <vscode-button appearance="secondary" @click=${() => view.leave()}>Leave ${key("Esc")}</vscode-button>
      </div>
    </div>`;
  }
  const text = view.item.mine.note;
  return text
    ? html`<p class="note">${icon("note")}<errata-math .text=${text} .raw=${view.raw}></errata-math></p>`
    : nothing;
}
