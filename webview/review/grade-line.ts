import { html, type TemplateResult } from "lit";
import type { ReviewItem } from "../../src/protocol/review.js";
import type { Grade } from "../../src/protocol/types.js";
import { answer, icon, verdictChip } from "../shared/parts.js";

/** What the grader says of the draft as it stands. An answer about an earlier text is faded until the next comes. */
export function gradeLine(of: {
  item: ReviewItem;
  text: string;
  graded: { text: string; grade: Grade } | null;
  readOnly: string | null;
}): TemplateResult {
  const { item, text, graded, readOnly } = of;
  if (readOnly !== null)
    return html`<span class="grade read">${icon("lock")}Not graded in Restricted Mode</span>`;
  if (text.trim() === "") {
    const words = item.mine.correction ? "Saving an empty correction takes yours back" : "Nothing to grade";
    return html`<span class="grade read" role="status">${words}</span>`;
  }
  if (item.hidden)
    return html`<span class="grade read">${icon("eye-closed")}Graded once you have judged (blind)</span>`;
  if (!graded) return html`<span class="grade read" role="status">grading…</span>`;
  const { grade } = graded;
  const fresh = graded.text === text;
  return html`<span class="grade ${fresh ? "" : "stale"}" role="status" aria-busy=${fresh ? "false" : "true"}>
    ${verdictChip(grade.verdict)}
    <span class="read">read <span class="boxed">${answer(grade.answer)}</span></span>
    <span class="read reason" title=${grade.reason}>${fresh ? grade.reason : "grading…"}</span>
  </span>`;
}
