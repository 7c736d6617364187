import { html, nothing, type TemplateResult } from "lit";
import { type MaskToken, TOKEN_CLASSES, type TokenClass } from "../../src/protocol/run-preview.js";

const WORDS: Readonly<Record<TokenClass, string>> = {
  t: "told to the model: learns nothing",
  n: "said by the model, receives nothing",
  r: "receives the reward",
  b: "receives the reward, and is held to the base model (KL)",
  k: "is held to the base model (KL) only",
};
const NAMES: Readonly<Record<TokenClass, string>> = {
  t: "told",
  n: "nothing",
  r: "reward",
  b: "reward and KL",
  k: "KL only",
};

const isClass = (letter: string): letter is TokenClass => letter in TOKEN_CLASSES;

/** What the colours and lines mean; only those that are there. */
export function legend(classes: string): TemplateResult {
  const there = (["b", "r", "k", "n", "t"] as const).filter((letter) => classes.includes(letter));
  return html`<ul class="legend" aria-label="Legend">
    ${there.map((letter) => html`<li title=${WORDS[letter]}><span class="token ${letter}">token</span> ${NAMES[letter]}</li>`)}
  </ul>`;
}

/** Tokens as they stand in the text: line breaks break the line, and are shown. */
export function tokens(list: readonly MaskToken[], classes: string): TemplateResult {
  return html`<div class="tokens">${list.map((token, i) => [
    // A turn begins on a line of its own.
    i > 0 && list[i - 1]?.kind !== token.kind ? html`<br />` : nothing,
    chip(token, classes[i] ?? "t"),
  ])}</div>`;
}

function chip({ id, text, bytes, kind }: MaskToken, letter: string): TemplateResult {
  const words = isClass(letter) ? WORDS[letter] : "";
  const part = bytes ? `, bytes ${bytes} of a character` : "";
  const title = `${JSON.stringify(text)}, token ${id}${part}\n${kind}: ${words}`;
  // A part of a character shows its bytes; the character itself stands at its last part.
  const shown = text === "" ? (bytes ?? "") : visible(text);
  const broken = text === "" && bytes !== undefined;
  const breaks = text.split("\n").length - 1;
  return html`<span class="token ${letter} ${broken ? "bytes" : ""}" title=${title}>${shown}</span>${
    breaks > 0 ? Array.from({ length: breaks }, () => html`<br />`) : nothing
  }`;
}

/** Spaces and line ends as signs where a token is nothing else; within words they stay. */
function visible(text: string): string {
  const lines = text.replaceAll("\n", "↵").replaceAll("\t", "⇥");
  return lines.trim() === "" ? lines.replaceAll(" ", "␣") : lines;
}
