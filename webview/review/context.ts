import type { ReviewAction, ReviewItem, ReviewState } from "../../src/protocol/review.js";

/** What the parts of the panel draw from, and what they can ask for. */
export interface View {
  state: ReviewState;
  raw: boolean;
  /** Which text field is open. */
  open: "edit" | "note" | null;
  draft: string;
  showWhy: boolean;
  showSiblings: boolean;
  act(action: ReviewAction): void;
  cursor(step: number): void;
  openAttempt(attemptId: number): void;
  typed(text: string): void;
  save(goOn: boolean): void;
  leave(): void;
  /** Shows what is being sampled. */
  watch(): void;
  toggle(what: "why" | "siblings"): void;
}
export type ItemView = View & { item: ReviewItem };
