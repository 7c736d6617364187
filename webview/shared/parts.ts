import { html, nothing, type TemplateResult } from "lit";
import { share } from "../../src/protocol/figures.js";
import type { Verdict } from "../../src/protocol/types.js";
import { answerText } from "./math.js";

export { share };

export const icon = (name: string): TemplateResult =>
  html`<span class="codicon codicon-${name}" aria-hidden="true"></span>`;

export const key = (...names: string[]): TemplateResult =>
  html`${names.map((name) => html`<kbd>${name}</kbd>`)}`;

export const TONE: Record<Verdict, string> = {
  correct: "good",
  incorrect: "bad",
  unscored: "quiet",
  truncated: "warn",
};

export const chip = (tone: string, content: unknown, title?: string): TemplateResult =>
  html`<span class="chip ${tone}" title=${title ?? nothing}>${content}</span>`;

export const verdictChip = (verdict: Verdict, words: string = verdict): TemplateResult =>
  chip(TONE[verdict], words);

/** An answer by itself, typeset. */
export const answer = (text: string | null, raw = false): TemplateResult =>
  text === null
    ? html`<span class="none">nothing</span>`
    : html`<errata-math .text=${raw ? text : answerText(text)} .raw=${raw}></errata-math>`;
