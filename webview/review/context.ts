import { html, type TemplateResult } from "lit";
import type {
  ReviewAction,
  ReviewItem,
  ReviewState,
  SiblingView,
  StepHint,
} from "../../src/protocol/review.js";
import { icon, key } from "../shared/parts.js";
import { nameOf } from "./keys.js";

/** Lists that take the keys while they are open. */
export type OpenList = "errorType" | "label" | "siblings";

/** What the parts of the panel draw from, and what they can ask for. */
export interface View {
  state: ReviewState;
  raw: boolean;
  /** Which text field is open; `draft` is what it began with. */
  open: "edit" | "note" | null;
  draft: string;
  /** Of the item that is shown. */
  hints: StepHint[];
  list: OpenList | null;
  /** The attempt that stands beside the item. */
  sibling: SiblingView | null;
  /** Why the last key did nothing here. */
  remark: string | null;
  /** What stands in the open field was saved, and could not be stored. */
  failed: boolean;
  showWhy: boolean;
  /** How many screens full of an item's steps are drawn. */
  screens: number;
  act(action: ReviewAction): void;
  rate(axis: string, value: number): void;
  /** Chooses from the open list. */
  pick(id: string): void;
  /** Opens a list, or closes the one that is open. */
  toggleList(list: OpenList): void;
  cursor(step: number): void;
  openAttempt(attemptId: number): void;
  /** Shows another attempt of the same problem beside the item; null takes it away. */
  beside(attemptId: number | null): void;
  typed(text: string): void;
  save(goOn: boolean): void;
  leave(): void;
  /** Shows what is being sampled. */
  watch(): void;
  toggleWhy(): void;
}
export type ItemView = View & { item: ReviewItem };

/** What stands where blind mode withholds something; of one line's height, so that nothing moves when it comes. */
export const withheld = (words: string): TemplateResult =>
  html`<span class="withheld" title="Blind mode: gold answer, verdicts and others’ words are hidden until you have judged"
    >${icon("eye-closed")}${words}</span
  >`;

/** The default key of an action, drawn. */
export const keyOf = (action: ReviewAction): TemplateResult => key(nameOf(action));
