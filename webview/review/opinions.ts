import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { keyed } from "lit/directives/keyed.js";
import type { ReviewItem } from "../../src/protocol/review.js";
import type { Verdict } from "../../src/protocol/types.js";
import type { Reading } from "../shared/math.js";
import { answer, icon, verdictChip } from "../shared/parts.js";
import { type ItemView, keyOf } from "./context.js";
import { type Place, readingsOf } from "./readings.js";

/** A name or a reason is read, not scrolled. Characters. */
const LONGEST = 400;

/** Is every grader's word shown? Always in a dispute; else when it is asked why. */
export const opinionsShown = ({ item, showWhy }: ItemView): boolean =>
  !item.hidden && (item.dispute !== null || (showWhy && item.opinions.length > 0));

/** The same list for the same item: what did not change is not drawn again. */
const marks = new WeakMap<ReviewItem, { places: Place[]; readings: Reading[] }>();
function marksOf(item: ReviewItem): { places: Place[]; readings: Reading[] } {
  const known = marks.get(item) ?? readingsOf(item);
  marks.set(item, known);
  return known;
}

/** Where each grader read its answer; undefined where only our own mark is to be seen. */
export const readings = (view: ItemView): readonly Reading[] | undefined =>
  opinionsShown(view) ? marksOf(view.item).readings : undefined;

interface Word {
  grader: string;
  version: string;
  verdict: Verdict;
  answer: string | null;
  how: string | null;
  reason: string;
}

/** What every grader says: who, its verdict, what it read and where, and why. */
export function opinions(view: ItemView): TemplateResult | typeof nothing {
  if (!opinionsShown(view)) return nothing;
  const { item } = view;
  const { places } = marksOf(item);
  const own: Word = {
    ...{ grader: "Errata", version: "", verdict: item.graded ?? item.verdict ?? "unscored" },
    ...{ answer: item.solution.answer, how: item.answerHow, reason: bare(item.reason ?? "", item.answerHow) },
  };
  const words = [own, ...item.opinions.map((one): Word => ({ ...one, how: null }))];
  const seen = places.some(({ mark }) => mark !== null && mark > 0);
  // Of another item it is another block: which row was looked at is forgotten with it.
  return html`${keyed(item.attemptId, block(view, words, places, seen))}`;
}

function block(
  { item, raw, state }: ItemView,
  words: readonly Word[],
  places: readonly Place[],
  seen: boolean,
): TemplateResult {
  return html`<div class="opinions">
    ${item.dispute ? dispute(item.dispute.words, state.readOnly === null) : nothing}
    <table>
      <caption class="unseen">What every grader says of this attempt</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">Grader</th>
          <th scope="col">Verdict</th>
          <th scope="col">Read</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        ${guard([item, raw], () => words.map((word, i) => row(word, places[i]?.mark ?? null, raw)))}
      </tbody>
    </table>
    ${
      seen
        ? html`<p class="faint legend">A letter marks in the solution where each read its answer; stay on a row to see its mark alone.</p>`
        : nothing
    }
  </div>`;
}

/** Where it was read stands beside what was read. */
const bare = (reason: string, how: string | null): string =>
  how === null ? reason : reason.replace(`; read from ${how}`, "");

function dispute(words: string, open: boolean): TemplateResult {
  return html`<p class="dispute" role="note">
    <span>${icon("law")}<b>In dispute:</b> ${words.slice(0, LONGEST)}</span>
    ${
      open
        ? html`<span class="settle">
            settle it: ${keyOf("overruleCorrect")} correct ${keyOf("overruleIncorrect")} incorrect
            ${keyOf("overruleUnscored")} unscorable
          </span>`
        : nothing
    }
  </p>`;
}

function row(word: Word, mark: number | null, raw: boolean): TemplateResult {
  const { grader, version, verdict, how, reason } = word;
  const alone = (on: boolean) => (event: Event) => show(event, on ? mark : null);
  return html`<tr
    tabindex=${mark === null ? nothing : "0"}
    @pointerenter=${alone(true)}
    @pointerleave=${alone(false)}
    @focus=${alone(true)}
    @blur=${alone(false)}
  >
    <th scope="row">
      ${mark === null ? html`<span class="letter"></span>` : letter(mark)}${grader.slice(0, LONGEST)}
      ${version ? html`<span class="faint">${version.slice(0, 40)}</span>` : nothing}
    </th>
    <td>${verdictChip(verdict, verdict === "unscored" ? "unsure" : verdict)}</td>
    <td class="read">
      ${answer(word.answer, raw)} ${how ? html`<span class="faint">from ${how}</span>` : nothing}
    </td>
    <td class="faint">${reason.slice(0, LONGEST)}</td>
  </tr>`;
}

const letter = (mark: number): TemplateResult =>
  html`<span class="letter read-by read-by-${mark}"><span class="unseen">mark ${"ABCDE"[mark]}</span></span>`;

/** Marks of the others step back while a row is looked at. */
function show({ currentTarget }: Event, mark: number | null): void {
  const block = currentTarget instanceof Element ? currentTarget.closest<HTMLElement>(".opinions") : null;
  if (!block) return;
  if (mark === null) delete block.dataset.reader;
  else block.dataset.reader = String(mark);
}
