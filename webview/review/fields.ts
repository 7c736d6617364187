import type { ReviewFromView, ReviewItem, ReviewToView } from "../../src/protocol/review.js";
import type { Grade } from "../../src/protocol/types.js";
import { type DraftField, Drafts } from "./draft.js";
import type { CorrectionActions } from "./editor.js";

type Stored = Extract<ReviewToView, { type: "stored" }>;

interface Page {
  item(): ReviewItem | null;
  /** Nothing can be stored here. */
  readOnly(): boolean;
  post(message: ReviewFromView): void;
  draw(): void;
  /** Draws at once, and gives this the focus. */
  focusOn(selector: string): void;
}

/** The two text fields, correction and note: which is open, what stands in it, and the drafts that were left. */
export class Fields {
  open: DraftField | null = null;
  /** What the open field began with. What it holds now is not drawn: typing draws nothing but the field. */
  began = "";
  private draft = "";
  /** What the grader said of the correction as it was typed. */
  graded: { text: string; grade: Grade } | null = null;
  /** The correction, while it is written in an editor of its own. */
  elsewhere: string | null = null;
  private readonly drafts: Drafts;
  /** Texts that could not be stored when they were saved last. */
  private readonly refused = new Set<string>();
  /** Corrections that are written in editors of their own, by attempt; null: that editor was closed. */
  private readonly editors = new Map<number, string | null>();
  readonly actions: CorrectionActions = {
    typed: (text) => this.typed(text),
    grade: (text) => this.post((attemptId) => ({ type: "grade", attemptId, text })),
    save: (goOn) => this.save(goOn),
    leave: () => this.leave(),
    openInEditor: () => this.openInEditor(),
  };

  constructor(private readonly page: Page) {
    this.drafts = new Drafts((name, text) => page.post({ type: "unsaved", name, text }));
  }

  /** What stands in the open field was saved, and could not be stored. */
  get failed(): boolean {
    const item = this.page.item();
    return item !== null && this.open !== null && this.refused.has(`${this.open} ${item.attemptId}`);
  }

  /** The host gives back what was left unsaved before this page was made. */
  restore(kept: readonly (readonly [string, string])[]): void {
    this.drafts.take(kept);
    // VS Code keeps those.
    for (const [attemptId, text] of this.editors) if (text !== null) this.drafts.delete("edit", attemptId);
    const item = this.page.item();
    if (!item || !this.open || this.draft !== this.began) return;
    if (this.open === "edit" && this.elsewhere !== null) return;
    this.begin(this.open, this.drafts.get(this.open, item.attemptId) ?? this.began);
  }

  /** The page may be gone in a moment. */
  flush(): void {
    this.drafts.flush();
  }

  /** What became of a text that was saved. Until it is stored, its draft stays. */
  saved({ field, attemptId, text, ok }: Stored): void {
    const which = field === "correction" ? "edit" : "note";
    if (ok) {
      // More may have been written since.
      if (this.drafts.get(which, attemptId) === text) this.drafts.delete(which, attemptId);
      return;
    }
    this.refused.add(`${which} ${attemptId}`);
    // Shown, but not given the focus: the next keys are meant for something else.
    if (this.open === null && this.page.item()?.attemptId === attemptId)
      this.begin(which, this.drafts.get(which, attemptId) ?? text);
    this.page.draw();
  }

  /** Another item takes the place of the one whose drafts these are. */
  turnTo(attemptId: number | null): void {
    this.keep();
    this.open = null;
    this.graded = null;
    this.elsewhere = this.editors.get(attemptId ?? -1) ?? null;
  }

  show(field: DraftField): void {
    const item = this.page.item();
    if (!item || this.open === field) return;
    this.keep();
    this.begin(field, this.drafts.get(field, item.attemptId) ?? stored(item, field));
  }

  /** The correction is written in an editor of its own, or that editor was closed (null). */
  writtenElsewhere(attemptId: number, text: string | null): void {
    this.editors.set(attemptId, text);
    if (this.page.item()?.attemptId !== attemptId) return;
    const before = this.elsewhere;
    if (this.open === "note") this.keep();
    this.elsewhere = text;
    // VS Code keeps it now, and asks before it is lost.
    this.drafts.delete("edit", attemptId);
    if (text === null) {
      if (this.open === "edit") this.close();
    } else if (this.open === "edit") this.draft = text;
    // Shown once; a note may be written meanwhile.
    else if (before === null) this.begin("edit", text);
    this.page.draw();
  }

  typed(text: string): void {
    this.draft = text;
    this.keep();
  }

  openInEditor(): void {
    this.post((attemptId, item) => {
      const kept = this.drafts.get("edit", attemptId) ?? stored(item, "edit");
      return { type: "openCorrection", attemptId, text: this.open === "edit" ? this.draft : kept };
    });
  }

  save(goOn: boolean): void {
    const { open, draft: text } = this;
    // What stands in an editor of its own is saved there.
    if (!open || this.page.readOnly() || (open === "edit" && this.elsewhere !== null)) return;
    this.keep();
    // Before it is stored: what is gone from the host then stays gone.
    this.drafts.flush();
    this.post((attemptId) => {
      this.refused.delete(`${open} ${attemptId}`);
      return { type: "text", field: open === "edit" ? "correction" : "note", attemptId, text, goOn };
    });
    this.close();
  }

  /** True when a field was open; its draft is kept. */
  leave(): boolean {
    if (!this.open) return false;
    this.keep();
    this.close();
    return true;
  }

  private begin(field: DraftField, text: string): void {
    this.began = text;
    this.draft = text;
    this.open = field;
    this.page.draw();
  }

  private close(): void {
    this.open = null;
    this.page.draw();
    this.page.focusOn("main");
  }

  private keep(): void {
    const item = this.page.item();
    const { open, draft } = this;
    if (open && item && (open === "note" || this.elsewhere === null))
      this.drafts.put(open, item.attemptId, draft, stored(item, open));
  }

  private post(message: (attemptId: number, item: ReviewItem) => ReviewFromView): void {
    const item = this.page.item();
    if (item) this.page.post(message(item.attemptId, item));
  }
}

function stored(item: ReviewItem, field: DraftField): string {
  if (field === "note") return item.mine.note ?? "";
  return item.mine.correction?.text ?? item.reflection?.corrected.text ?? "";
}
