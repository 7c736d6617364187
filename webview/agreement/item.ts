import { html, nothing, type TemplateResult } from "lit";
import type { AdjudicatedSubject, AdjudicationItem, PersonsText } from "../../src/protocol/agreement.js";
import type { Change } from "../../src/protocol/diff.js";
import type { Step } from "../../src/protocol/steps.js";
import { answer, icon, key, verdictChip } from "../shared/parts.js";
import { short } from "../shared/short.js";
import { steps } from "../shared/steps.js";
import { textOf } from "../shared/toolkit.js";

export interface ItemState {
  item: AdjudicationItem;
  /** Names of the two sides. */
  names: readonly [string, string];
  /** Key of the subject that `1` and `2` decide. */
  subject: string | null;
  /** Words are only looked at: one person against themselves, or nothing may be written. */
  closed: string | null;
  position: string;
  raw: boolean;
}
export interface ItemActions {
  back(): void;
  next(by: 1 | -1): void;
  row(subject: string): void;
  take(subject: string, from: "a" | "b"): void;
  say(subject: string, value: string): void;
  leave(): void;
  reopen(subject: string): void;
  raw(): void;
  review(): void;
}

/** One attempt with both people's words beside each other, and what shall hold. */
export function adjudication(state: ItemState, act: ItemActions): TemplateResult {
  const { item, raw, position } = state;
  return html`<section class="adjudication" aria-label="Both people’s words">
    <div class="line item-bar">
      <button type="button" class="plain back" @click=${act.back}>${icon("arrow-left")} All disagreements ${key("Esc")}</button>
      <span class="figures">${position}</span>
      <span class="push"></span>
      <span class="keys">
        ${key("j", "k")} attempt ·
        <button type="button" class="link" aria-pressed=${raw ? "true" : "false"} @click=${act.raw}>${raw ? "typeset" : "raw"}</button>
        ${key("r")} · <button type="button" class="link" @click=${act.review}>open in Review</button> ${key("o")}
      </span>
    </div>
    <div class="item-problem">
      <errata-math .text=${item.problem.text} .raw=${raw}></errata-math>
      <span class="faint">gold ${answer(item.problem.gold, raw)} · read ${answer(item.solution.answer, raw)}</span>
      ${verdictChip(item.verdict)}
    </div>
    <div class="sides">
      <div class="read-side">${solution(state)} ${reflection(state)}</div>
      <div class="said-side">${subjects(state, act)} ${texts(state)}</div>
    </div>
  </section>`;
}

function solution({ item, names, raw }: ItemState): TemplateResult {
  const { a, b } = item.steps;
  const marked = (step: Step): string[] => [
    ...(a === step.n ? [names[0]] : []),
    ...(b === step.n ? [names[1]] : []),
  ];
  return html`<section aria-label="Solution">
    <h2>Solution</h2>
    ${
      item.solution.steps.length === 0
        ? html`<p class="none">The model wrote nothing.</p>`
        : steps(item.solution, {
            raw,
            label: "Steps of the solution",
            tone: (step) => (marked(step).length > 0 ? "wrong" : ""),
            remark: (step) => {
              const by = marked(step);
              return by.length === 0 ? nothing : html`${icon("error")}${by.join(" and ")}`;
            },
          })
    }
  </section>`;
}

function reflection({ item, raw }: ItemState): TemplateResult | typeof nothing {
  if (!item.reflection) return nothing;
  const { analysis, corrected } = item.reflection;
  return html`<section aria-label="Reflection">
    <h2>Reflection</h2>
    ${analysis === "" ? nothing : html`<p class="analysis"><errata-math .text=${analysis} .raw=${raw}></errata-math></p>`}
    ${
      corrected.steps.length === 0
        ? html`<p class="none">No corrected solution.</p>`
        : steps(corrected, { raw, label: "Steps of the model’s correction" })
    }
  </section>`;
}

function subjects(state: ItemState, act: ItemActions): TemplateResult {
  const { item, names, closed } = state;
  return html`<section aria-label="Judgements">
    <table class="said">
      <thead>
        <tr>
          <th scope="col">Judgement</th>
          <th scope="col" class="asis">${names[0]}</th>
          <th scope="col" class="asis">${names[1]}</th>
          <th scope="col">${closed === null ? "Settled" : nothing}</th>
        </tr>
      </thead>
      <tbody>
        ${item.subjects.map((one) => row(one, state, act))}
      </tbody>
    </table>
    ${
      closed === null
        ? html`<p class="faint keys">${key("↑", "↓")} judgement · ${key("b")} leave it open</p>`
        : html`<p class="faint">${closed}</p>`
    }
  </section>`;
}

function row(one: AdjudicatedSubject, state: ItemState, act: ItemActions): TemplateResult {
  const { closed, subject } = state;
  const current = closed === null && one.key === subject;
  const said = (words: string | null): TemplateResult =>
    words === null ? html`<span class="none">nothing</span>` : html`${short(words, 200)}`;
  return html`<tr
      class="${one.differs ? "differs" : ""} ${current ? "current" : ""}"
      aria-current=${current ? "true" : nothing}
      @click=${() => act.row(one.key)}
    >
      <th scope="row" class="asis">
        ${one.differs ? html`<span class="mark" title="They differ">≠</span>` : nothing}${short(one.title)}
      </th>
      <td class=${one.settled?.words === one.a && one.settled ? "taken" : ""}>${said(one.a)}</td>
      <td class=${one.settled?.words === one.b && one.settled ? "taken" : ""}>${said(one.b)}</td>
      <td>
        ${one.settled ? html`<span class="settled">${icon("check")}${short(one.settled.words, 200)}<span class="what">${short(one.settled.who)}</span></span>` : nothing}
      </td>
    </tr>
    ${current ? decide(one, state, act) : nothing}`;
}

function decide(one: AdjudicatedSubject, { names }: ItemState, act: ItemActions): TemplateResult {
  // What the two said is on the buttons already.
  const choices = one.choices.filter(({ words }) => words !== one.a && words !== one.b);
  const few = one.choices.length <= 5;
  return html`<tr class="decide">
    <td colspan="4">
      <div class="buttons">
        ${one.a === null ? nothing : html`<vscode-button appearance="secondary" @click=${() => act.take(one.key, "a")}>Take ${names[0]}’s ${key("1")}</vscode-button>`}
        ${one.b === null ? nothing : html`<vscode-button appearance="secondary" @click=${() => act.take(one.key, "b")}>Take ${names[1]}’s ${key("2")}</vscode-button>`}
        ${one.settled ? html`<button type="button" class="link" @click=${() => act.reopen(one.key)}>open again</button> ${key("⌫")}` : nothing}
      </div>
      ${
        choices.length === 0
          ? nothing
          : few
            ? html`<div class="own" role="group" aria-label="Or say for yourself: ${short(one.title)}">
                <span class="faint">or say</span>
                ${choices.map(
                  ({ value, words }) =>
                    html`<button type="button" class="chip quiet" @click=${() => act.say(one.key, value)}>${short(words, 90)}</button>`,
                )}
              </div>`
            : html`<label class="own">
                <span class="faint">or say</span>
                <select
                  @change=${(event: Event) => {
                    const value = selected(event);
                    if (value !== "") act.say(one.key, value);
                  }}
                >
                  <option value="" selected>choose…</option>
                  ${choices.map(({ value, words }) => html`<option value=${value}>${short(words, 90)}</option>`)}
                </select>
              </label>`
      }
    </td>
  </tr>`;
}

const selected = (event: Event): string => textOf(event);

/** Of a run that stands in both, its ends say where one is; of a change, as much as anybody reads. */
const ENDS = 150;
const LONGEST = 4000;

/** White space counts here: none of the template's own. */
function changed({ kind, text }: Change): TemplateResult | string {
  if (kind === "same") {
    return text.length <= 3 * ENDS
      ? text
      : `${short(text, ENDS)}\n…${text.slice(-ENDS).replace(/^[\udc00-\udfff]/, "")}`;
  }
  const shown = short(text, LONGEST);
  return kind === "added" ? html`<ins>${shown}</ins>` : html`<del>${shown}</del>`;
}

/** Corrections and notes as each wrote them, and what changed from the one to the other. */
function texts({ item, names, raw }: ItemState): TemplateResult | typeof nothing {
  const { a, b } = item.texts;
  if (!a.correction && !b.correction && a.note === null && b.note === null) return nothing;
  const side = (name: string, { correction, note }: PersonsText): TemplateResult => html`<div class="texts">
    <h3>${name}</h3>
    ${note === null ? nothing : html`<p class="note">${icon("note")}<errata-math .text=${note} .raw=${raw}></errata-math></p>`}
    ${
      correction
        ? steps(correction, { raw, label: `Correction by ${name}` })
        : html`<p class="none">wrote no correction</p>`
    }
  </div>`;
  return html`<section aria-label="What they wrote">
    <h2>What they wrote</h2>
    <div class="two">${side(names[0], a)} ${side(names[1], b)}</div>
    ${
      item.change
        ? html`<h2 class="asis">From ${names[0]}’s to ${names[1]}’s correction</h2>
            <p class="change" aria-label="Word difference">${item.change.map(changed)}</p>`
        : nothing
    }
  </section>`;
}
