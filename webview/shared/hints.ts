/** What computer algebra says of a solution's relations: an underline in the formula, and words for who asks. */
import { html, nothing, type TemplateResult } from "lit";
import type { Segment } from "../../src/protocol/math.js";
import type { StepHint } from "../../src/protocol/review.js";
import type { Decoration } from "./decorate.js";
import { icon } from "./parts.js";
import { type Part, partsOf, typeset } from "./typeset.js";

/** A hint whose offsets count within one step's text. */
export type Hint = Omit<StepHint, "step">;

const WORDS: Record<Hint["verdict"], string> = {
  true: "Holds",
  false: "Does not hold",
  unknown: "Cannot tell",
};
const inWords = ({ verdict, says }: Hint): string =>
  verdict === "unknown" ? says.replace(/^./, (c) => c.toUpperCase()) : `${WORDS[verdict]}: ${says}`;

export const asDecoration = (hint: Hint): Decoration => ({
  start: hint.start,
  end: hint.end,
  className: `hint-${hint.verdict}`,
  title: `${inWords(hint)} (a hint)`,
});

/** The most that one formula shows. */
const MOST = 40;

/**
 * A formula with its relations underlined: each alone where it can be enclosed, else the formula as a whole. Screen
 * readers hear of what does not hold after the formula.
 */
export function typesetWithHints(segment: Segment, hints: readonly Hint[]): Node[] {
  const { body, source, start: from } = segment;
  const offset = from + Math.max(0, source.indexOf(body));
  const parts: Part[] = [];
  const whole: Hint[] = [];
  hints.slice(0, MOST).forEach((hint, n) => {
    const [start, end] = [hint.start - offset, hint.end - offset];
    if (start < 0 || end > body.length || start >= end) return;
    const all = body.slice(0, start).trim() === "" && body.slice(end).trim() === "";
    // Only what is false is set apart: every formula that is set in parts is typeset anew.
    const apart = hint.verdict === "false" && !all && !parts.some((p) => p.start < end && p.end > start);
    const own = apart ? partsOf(body, start, end, n) : [];
    if (own.length === 0) whole.push(hint);
    else parts.push(...own);
  });
  parts.sort((a, b) => a.start - b.start);
  const node = typeset(body, segment.kind === "display", parts);
  const drawn = new Set<number>();
  for (const { n } of parts) {
    const hint = hints[n];
    if (!hint) continue;
    for (const element of node.querySelectorAll<HTMLElement>(`.part-${n}`)) {
      drawn.add(n);
      put(element, [hint]);
    }
    // KaTeX did not take it as a part.
    if (!drawn.has(n)) whole.push(hint);
  }
  if (whole.length > 0 && (drawn.size === 0 || whole.some(({ verdict }) => verdict === "false")))
    put(node, whole);
  const said = hints.filter(({ verdict }) => verdict === "false");
  if (said.length === 0) return [node];
  const words = document.createElement("span");
  words.className = "unseen hint-words";
  words.textContent = ` (hint: ${said.map((hint) => inWords(hint).toLowerCase()).join("; ")}) `;
  return [node, words];
}

/** The strongest of several: an underline that means false must not be hidden by one that means nothing. */
function put(element: HTMLElement, hints: readonly Hint[]): void {
  const strongest = (["false", "unknown", "true"] as const).find((v) =>
    hints.some(({ verdict }) => verdict === v),
  );
  element.classList.add(`hint-${strongest}`);
  element.title = `${hints.map(inWords).join("\n")} (a hint)`;
}

/** The most that the line under a step lists. */
const LISTED = 8;

/**
 * What is said of the step that the cursor is on, for who has no pointer to rest on it; what does not hold comes first.
 * Screen readers have heard that after its formula.
 */
export function hintWords(hints: readonly Hint[]): TemplateResult | typeof nothing {
  const said = new Map<string, Hint["verdict"]>();
  for (const verdict of ["false", "unknown", "true"] as const)
    for (const hint of hints) if (hint.verdict === verdict) said.set(inWords(hint), verdict);
  if (said.size === 0) return nothing;
  const listed = [...said].slice(0, LISTED);
  return html`<span class="hint-says"
    >${icon("question")}${listed.map(
      ([words, verdict]) => html`<span aria-hidden=${verdict === "false" ? "true" : nothing}>${words}</span>`,
    )}</span
  >`;
}
