import type { Ahead, Foreseen, ReviewAction, ReviewItem, ReviewMode } from "../protocol/review.js";
import type { AnnotationValue } from "../protocol/types.js";
import { GO_ON, SAYS } from "./actions.js";
import type { Axes } from "./axes.js";
import { type Read, stands } from "./own.js";
import type { Shelf } from "./shelf.js";

const RATES = [1, 2, 3, 4, 5] as const;
/** They say nothing of the item that they leave. */
const STEPS: ReadonlySet<ReviewAction> = new Set(["next", "previous", "skip"]);

interface Sitting {
  /** Of what it shows. */
  readonly attemptId: number | null;
  readonly mode: ReviewMode;
  /** Why nothing can be said; null when it can. */
  readonly readOnly: string | null;
}

/** Where keys lead, and what the view shows before they were carried out. */
export class Foresight {
  /** What the view shows already; `words`: so many are still to be said of what it showed before, which was `from`. */
  private shown: { attemptId: number; from: number | null; words: number; by: ReviewAction } | null = null;

  constructor(
    private readonly axes: Axes,
    private readonly shelf: Shelf,
    private readonly sitting: Sitting,
  ) {}

  /** Once this is said, the next item comes. */
  goesOn(value: AnnotationValue): boolean {
    if (this.shelf.ofDisputes && value.kind === "verdict") return true;
    if (this.sitting.mode !== "triage" || !GO_ON.has(value.kind)) return false;
    return value.kind !== "rating" || this.axes.goesOn(value.axis);
  }

  /** What each action would show, after what was said of this item. An item that comes back unseen is not foretold. */
  all(at: Read & { item: Pick<ReviewItem, "refuses"> }): Foreseen {
    const { next, previous } = this.shelf.sight;
    const found: Foreseen = {};
    if (previous && !previous.again) found.previous = previous.attemptId;
    if (!next || next.again) return found;
    const axis = this.axes.current;
    const rates = RATES.map((value) => [`rate${value}`, { kind: "rating", axis, value }] as const);
    const words = [...Object.entries(SAYS), ...rates] as [ReviewAction, AnnotationValue][];
    const says = words.filter(
      ([action, value]) => this.goesOn(value) && !stands(at, value) && !at.item.refuses[action],
    );
    found.next = found.skip = next.attemptId;
    if (this.sitting.readOnly === null) for (const [action] of says) found[action] = next.attemptId;
    return found;
  }

  /** A key shows this attempt before its command came; null: it did not come to that. */
  showing(ahead: Ahead | null): void {
    const from = this.sitting.attemptId;
    this.shown = null;
    if (!ahead || ahead.attemptId === from) return;
    this.shown = {
      attemptId: ahead.attemptId,
      from,
      words: STEPS.has(ahead.action) ? 0 : 1,
      by: ahead.action,
    };
  }

  /** This session shows it, too. */
  arrived(attemptId: number): void {
    if (this.shown?.attemptId === attemptId) this.shown = null;
  }

  /** True, once, where the view showed another attempt than this session came to: no word may be said of either. */
  strayed(value: AnnotationValue): boolean {
    const { shown } = this;
    if (!shown) return false;
    // The word that leads there is said of what was shown before. Another one overtook it: VS Code carries out a command
    // that is used for the first time a moment late.
    if (shown.from === this.sitting.attemptId && says(shown.by, value) && shown.words-- > 0) return false;
    this.shown = null;
    return true;
  }
}

/** Is it what this key says? */
function says(action: ReviewAction, { kind, value }: AnnotationValue): boolean {
  const said = (SAYS as Partial<Record<ReviewAction, AnnotationValue>>)[action];
  return said ? said.kind === kind && said.value === value : kind === "rating" && action === `rate${value}`;
}
