import { html, nothing, svg, type TemplateResult } from "lit";
import { classMap } from "lit/directives/class-map.js";
import {
  countMask,
  MADE_WORDS,
  type MaskCase,
  type MaskItem,
  type MaskPart,
  type MaskPreview,
  maskSentence,
} from "../../src/protocol/run-preview.js";
import { STAGE_NAMES } from "../../src/protocol/run-words.js";
import type { Verdict } from "../../src/protocol/types.js";
import { icon, key, verdictChip } from "../shared/parts.js";
import { legend, tokens } from "./tokens.js";

export interface MaskActions {
  go(by: number): void;
  part(index: number): void;
  when(when: MaskCase["when"]): void;
  open(attempt: number): void;
}

/** What of the preview is in view. */
export interface Shown {
  item: number;
  part: number;
  when: MaskCase["when"];
}

/** One item after the other: its parts, its verdicts, its tokens. `takes`: the run takes attempts of the pool. */
export function masks(found: MaskPreview, takes: boolean, at: Shown, act: MaskActions): TemplateResult {
  const { item: index, part: chosen, when } = at;
  const item = found.items[index];
  if (!item) {
    return html`<p class="faint">
      Nothing is stored that could be shown: sample the problems of this recipe first.
    </p>`;
  }
  const part = item.parts[chosen] ?? item.parts[0];
  return html`<div class="line item">
      <button
        type="button"
        class="chip quiet"
        aria-label="Previous item"
        ?disabled=${index === 0}
        @click=${() => act.go(-1)}
      >
        ${icon("chevron-left")}
      </button>
      <span class="at">${index + 1} of ${found.items.length}</span>
      <button
        type="button"
        class="chip quiet"
        aria-label="Next item"
        ?disabled=${index === found.items.length - 1}
        @click=${() => act.go(1)}
      >
        ${icon("chevron-right")}
      </button>
      <span class="faint">${key("j")} ${key("k")}</span>
      <span class="problem"><errata-math .text=${item.problem}></errata-math></span>
      ${about(item, takes, act)}
    </div>
    ${part ? episode(item, part, when, act) : nothing}`;
}

function about(item: MaskItem, takes: boolean, act: MaskActions): TemplateResult {
  const { attempt, verdict, used } = item;
  return html`${verdictChip(verdict as Verdict)}
  ${
    attempt === null
      ? nothing
      : html`<button type="button" class="link" @click=${() => act.open(attempt)}>Attempt ${attempt}</button>`
  }
  ${
    used
      ? nothing
      : html`<span class="faint"
          >${takes ? "not among what the run takes" : "stands for what the run samples"}</span
        >`
  }`;
}

function episode(item: MaskItem, part: MaskPart, when: MaskCase["when"], act: MaskActions): TemplateResult {
  const one = part.cases.find((c) => c.when === when || c.when === "any") ?? part.cases[0];
  const classes = one?.classes ?? "t".repeat(part.tokens.length);
  const asked = part.tokens.findLastIndex(({ kind }) => kind === "prompt") + 1;
  return html`<div class="tabs">
      <div role="tablist" aria-label="Stages">
      ${item.parts.map(
        (other, i) =>
          html`<button
            type="button"
            role="tab"
            aria-selected=${other === part ? "true" : "false"}
            @click=${() => act.part(i)}
          >
            ${tabName(other)}
          </button>`,
      )}
      </div>
      <span class="push"></span>
      ${part.cases.length > 1 ? verdicts(part, one, act) : nothing}
    </div>
    <div role="tabpanel">
      ${one ? html`<p class="says">${maskSentence(part, one)} ${bar(one.classes)}</p>` : nothing}
      <p class="faint">${MADE_WORDS[part.made]}</p>
      ${legend(classes)}
      <details class="asked" ?open=${one === undefined}>
        <summary>Told to the model: ${asked} tokens</summary>
        ${tokens(part.tokens.slice(0, asked), classes.slice(0, asked))}
      </details>
      ${
        one
          ? html`<h3>What the model says</h3>
              ${tokens(part.tokens.slice(asked), classes.slice(asked))}`
          : nothing
      }
    </div>`;
}

function verdicts(part: MaskPart, now: MaskCase | undefined, act: MaskActions): TemplateResult {
  const thing = part.made === "reflection" ? "the correction" : "the answer";
  const words = { correct: `If ${thing} is right`, incorrect: `If ${thing} is wrong`, any: "" };
  const keys = { correct: "c", incorrect: "x", any: "" };
  return html`<div class="choice" role="radiogroup" aria-label="Verdict">
    ${part.cases.map(
      (one) =>
        html`<button
          type="button"
          role="radio"
          aria-checked=${one === now ? "true" : "false"}
          class=${classMap({ [one.when]: true })}
          @click=${() => act.when(one.when)}
        >
          ${words[one.when]} ${key(keys[one.when])}
        </button>`,
    )}
  </div>`;
}

/** Shares of what the model says: the same as the sentence, at a glance. */
function bar(classes: string): TemplateResult {
  const { said, reward, klAlone, nothing: none } = countMask(classes);
  const ends: [kind: string, from: number, count: number][] = [
    ["r", 0, reward],
    ["k", reward, klAlone],
    ["n", reward + klAlone, none],
  ];
  return html`<svg class="shares" viewBox="0 0 ${said} 1" preserveAspectRatio="none" aria-hidden="true">
    ${ends.map(([kind, x, width]) => svg`<rect class=${kind} x=${x} y="0" width=${width} height="1"></rect>`)}
  </svg>`;
}

/** A pair of DPO has two parts of one stage. */
function tabName({ stage, tokens: list }: MaskPart): string {
  const last = list.at(-1)?.kind;
  if (last === "chosen") return "Right attempt";
  return last === "rejected" ? "Wrong attempt" : capital(STAGE_NAMES[stage]);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
