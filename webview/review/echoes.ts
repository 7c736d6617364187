import type { ReviewAction } from "../../src/protocol/review.js";

/** Milliseconds within which a key's command comes back from VS Code, a busy machine included. */
export const ECHO = 3_000;

/**
 * Some keys act in the page at once, so that the letters typed right after them are not commands. VS Code makes its
 * command of the same key all the same, a moment later: it must not act again.
 */
export class Echoes {
  private pending: { action: ReviewAction; until: number }[] = [];

  expect(action: ReviewAction): void {
    this.pending.push({ action, until: performance.now() + ECHO });
  }

  /** VS Code made something else of the key: no echo comes. */
  withdraw(action: ReviewAction): void {
    this.takes(action);
  }

  /** True for a command whose key has acted already; each key excuses one. */
  takes(action: ReviewAction): boolean {
    const now = performance.now();
    this.pending = this.pending.filter(({ until }) => now < until);
    const at = this.pending.findIndex((echo) => echo.action === action);
    if (at >= 0) this.pending.splice(at, 1);
    return at >= 0;
  }
}
