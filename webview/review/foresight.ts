import type { Ahead, ReviewAction, ReviewItem, ReviewState } from "../../src/protocol/review.js";
import { ECHO } from "./echoes.js";

interface Page {
  /** As it was drawn last. */
  state(): ReviewState | null;
  /** An item that was read ahead and holds still. */
  read(attemptId: number): ReviewItem | undefined;
  draw(state: ReviewState): void;
  /** The page shows this before its key was carried out; null: it shows the host's again. */
  tell(to: Ahead | null): void;
  /** VS Code made no command of this key: it is bound no longer. */
  unlearn(key: string): void;
}

/** What is shown before the host has said so. */
interface Shown {
  attemptId: number;
  action: ReviewAction;
  /** What the host said last, still of the item before. */
  real: ReviewState;
  /** VS Code made the command of the key. */
  answered: boolean;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Shows the item to which a key leads at once: the host, to which the key goes through VS Code, says the same some
 * frames later. The host has the last word.
 */
export class Foresight {
  private shown: Shown | null = null;

  constructor(private readonly page: Page) {}

  /** A key that was this action when it was pressed before; no other is under way, which could change what it does. */
  press(key: string, action: ReviewAction): void {
    const real = this.page.state();
    const to = real?.foreseen[action];
    const item = to === undefined ? undefined : this.page.read(to);
    if (this.shown || !real || !item) return;
    const timer = setTimeout(() => {
      this.page.unlearn(key);
      this.giveUp();
    }, ECHO);
    const { attemptId } = item;
    this.shown = { attemptId, action, real, answered: false, timer };
    this.page.tell({ attemptId, action });
    this.page.draw(turned(real, item, action === "previous" ? -1 : 1));
  }

  /** VS Code made this of a key. */
  answer(action: ReviewAction): void {
    const { shown } = this;
    if (!shown || shown.answered) return;
    clearTimeout(shown.timer);
    shown.answered = true;
    if (shown.action !== action) this.giveUp();
  }

  /** A command was carried out, and what it led to was said: if that is the item before, it led nowhere. */
  done(action: ReviewAction): void {
    if (this.shown?.answered && this.shown.action === action) this.giveUp();
  }

  /** What is to be drawn where the host says this. */
  take(state: ReviewState): ReviewState {
    const { shown } = this;
    if (!shown) return state;
    if (shown.real.item?.attemptId === state.item?.attemptId) {
      // Said before the command was carried out: something else changed.
      shown.real = state;
      return this.page.state() ?? state;
    }
    clearTimeout(shown.timer);
    this.shown = null;
    // Else the next word would be taken for one on an item that is shown no more.
    if (state.item?.attemptId !== shown.attemptId) this.page.tell(null);
    return state;
  }

  private giveUp(): void {
    const { shown } = this;
    if (!shown) return;
    clearTimeout(shown.timer);
    this.shown = null;
    this.page.tell(null);
    this.page.draw(shown.real);
  }
}

/** The state that the host will say, as far as it is known. */
function turned(state: ReviewState, item: ReviewItem, by: 1 | -1): ReviewState {
  return {
    ...state,
    item,
    foreseen: {},
    position: state.position === null ? null : state.position + by,
    cursor: item.mine.firstWrong || 1,
    axis: state.rubric.axes[0]?.id ?? state.axis,
    notice: null,
  };
}
