import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { type Change, type Difference, difference } from "../../src/protocol/diff.js";
import { Rows } from "./rows.js";

/** The source with what was removed struck through and what was added underlined, in its place. */
export class DifferenceView {
  private readonly rows = new Rows();
  private of: { base: string; text: string; found: Difference } | null = null;

  template(base: string, text: string, against: string): TemplateResult {
    if (this.of?.base !== base || this.of.text !== text)
      this.of = { base, text, found: difference(base, text) };
    const { changes, added, removed, level } = this.of.found;
    const same = changes.every(({ kind }) => kind === "same");
    const lines = rowsOf(changes);
    const ids = this.rows.take(lines.map((parts) => JSON.stringify(parts)));
    return html`<p class="why">
        ${
          same
            ? `The same text as ${against}.`
            : html`<ins class="mark">${words(added, "added")}</ins> · <del class="mark">${words(removed, "removed")}</del>
                since ${against}${level === "line" ? "; compared by lines, as little is left of it" : nothing}`
        }
      </p>
      <div class="source">
        ${repeat(
          lines,
          (_, i) => ids[i],
          (parts) => html`<div class="row">${parts.map(part)}</div>`,
        )}
      </div>`;
  }
}

const words = (n: number, what: string): string => `${n} ${n === 1 ? "word" : "words"} ${what}`;

/** A row for each line of either text: the browser lays out those on the screen. */
function rowsOf(changes: readonly Change[]): Change[][] {
  const lines: Change[][] = [[]];
  for (const { kind, text } of changes) {
    text.split("\n").forEach((line, i, all) => {
      const end = i < all.length - 1;
      // A line break that came or went would not be seen.
      const seen = end && kind !== "same" ? `${line}↵` : line;
      if (seen !== "") lines[lines.length - 1]?.push({ kind, text: seen });
      if (end) lines.push([]);
    });
  }
  return lines;
}

function part({ kind, text }: Change): TemplateResult | string {
  if (kind === "same") return text;
  return kind === "added"
    ? html`<ins><span class="unseen"> added: </span>${text}<span class="unseen"> end. </span></ins>`
    : html`<del><span class="unseen"> removed: </span>${text}<span class="unseen"> end. </span></del>`;
}
