import type { ReviewAction } from "../../src/protocol/review.js";
import { ECHO } from "./echoes.js";
import { KEYS } from "./keys.js";

/** A key that VS Code has made nothing of by then stands in no other's way, and is no command. Milliseconds. */
const FORGOTTEN = 1_000;
/** They are no commands of the review by themselves: what they open (a palette, a menu) may bring one. */
const NO_COMMAND = /^(?:F\d+|Tab)$/;
/**
 * The page must not wait for these: the letters that follow belong to the field or the list that they open or close.
 * Their default keys are known from the start.
 */
export const ACTS_AT_ONCE: ReadonlySet<ReviewAction> = new Set([
  ...(["edit", "note", "errorType", "label", "siblings", "find", "save", "leave"] as const),
]);

interface Pressed {
  key: string;
  at: number;
  /** What VS Code made of it. */
  action?: ReviewAction;
}

/**
 * Which key does what is a person's own choice, and VS Code tells it to nobody: it is learned from the commands that
 * keys were made into. A key that was bound differently since is unlearned.
 */
export class LearnedKeys {
  private readonly known: Map<string, ReviewAction>;
  /** Keys that VS Code made a command of, since the page was made. */
  private readonly sure = new Set<string>();
  /** Keys whose command is not done yet, in order. */
  private pressed: Pressed[] = [];

  constructor(kept?: readonly [string, ReviewAction][]) {
    this.known = new Map(kept ?? defaults());
  }

  /** For a page that is made anew. */
  get all(): [string, ReviewAction][] {
    return [...this.known];
  }

  /** No key is under way: what the next one does depends on nothing that is not shown. */
  get quiet(): boolean {
    this.prune();
    return this.pressed.length === 0;
  }

  /** A key that may be a command; what it does, if that is known. */
  press(key: string): ReviewAction | undefined {
    this.prune();
    if (NO_COMMAND.test(key)) {
      this.drop();
      return undefined;
    }
    this.pressed.push({ key, at: performance.now() });
    return this.known.get(key);
  }

  /** VS Code made this of a key. Returns what that key was taken for, where it was another. */
  answer(action: ReviewAction): ReviewAction | undefined {
    this.prune();
    const open = this.pressed.filter((one) => one.action === undefined);
    const meant = open.find(({ key }) => this.known.get(key) === action);
    const one = meant ?? open[0];
    if (!one) return undefined;
    one.action = action;
    if (meant || open.length === 1) this.sure.add(one.key);
    // Of several, one may have been no command at all.
    if (meant || open.length > 1) return undefined;
    const before = this.known.get(one.key);
    this.known.set(one.key, action);
    return before;
  }

  done(action: ReviewAction): void {
    const at = this.pressed.findIndex((one) => one.action === action);
    if (at >= 0) this.pressed.splice(at, 1);
  }

  /** The focus went: a command that comes now was chosen elsewhere. */
  drop(): void {
    this.pressed = this.pressed.filter(({ action }) => action !== undefined);
  }

  /** It is no command any more. */
  unlearn(key: string): void {
    this.known.delete(key);
  }

  private prune(): void {
    const now = performance.now();
    this.pressed = this.pressed.filter(({ key, at, action }) => {
      if (now - at < (action === undefined ? FORGOTTEN : ECHO)) return true;
      if (action === undefined) this.doubt(key);
      return false;
    });
  }

  /** VS Code was silent. A default goes once another key is seen to do the same: it was bound to that instead. */
  private doubt(key: string): void {
    const action = this.known.get(key);
    if (action === undefined || this.sure.has(key)) return;
    if ([...this.sure].some((other) => this.known.get(other) === action)) this.known.delete(key);
  }
}

/** As VS Code writes keys in package.json, and as the browser names them. */
const NAMES: Readonly<Record<string, string>> = { enter: "Enter", escape: "Escape" };

function defaults(): [string, ReviewAction][] {
  const mod = /^(Mac|iP)/.test(navigator.platform) ? "meta" : "ctrl";
  return KEYS.flatMap(({ rows }) =>
    rows.flatMap(({ actions: [action], keys: [shortcut = ""] }): [string, ReviewAction][] => {
      const named = shortcut.replace(/\w+$/, (name) => NAMES[name] ?? name).replace("ctrl", mod);
      return action && ACTS_AT_ONCE.has(action) ? [[named, action]] : [];
    }),
  );
}
