import type { ReviewState } from "../protocol/review.js";
import { DEFAULT_RUBRIC, type Rubric } from "../protocol/rubric.js";

/** The rubric, and which of its axes the keys rate. */
export class Axes {
  rubric: Rubric = DEFAULT_RUBRIC;
  private chosen = "";

  /** The first one where the chosen one is not there (any more). */
  get current(): string {
    const { axes } = this.rubric;
    return (axes.find(({ id }) => id === this.chosen) ?? axes[0])?.id ?? "overall";
  }

  /** As the view is told. */
  get state(): Pick<ReviewState, "rubric" | "axis"> {
    return { rubric: this.rubric, axis: this.current };
  }

  choose(id: string): void {
    this.chosen = id;
  }

  first(): void {
    this.chosen = "";
  }

  move(by: 1 | -1): void {
    const { axes } = this.rubric;
    const at = axes.findIndex(({ id }) => id === this.current);
    this.chosen = axes[(at + by + axes.length) % axes.length]?.id ?? "";
  }

  has(id: string): boolean {
    return this.rubric.axes.some((axis) => axis.id === id);
  }

  /** In triage these go on to the next item, the others to the next axis. */
  goesOn(id: string): boolean {
    return id === "overall" || id === this.rubric.axes.at(-1)?.id;
  }
}
