import type { Told } from "./index.js";

/** Places that are kept of each reason. */
const PLACES = 5;
/** Reasons that are told apart: a hostile file has a new one on each line. */
const REASONS = 50;

/** Counts rows by what is to be said of them. */
export class Tallies {
  private readonly reasons = new Map<string, Told>();

  add(why: string, place: string): void {
    const known = this.reasons.has(why) || this.reasons.size < REASONS;
    const key = known ? why : "Other reasons.";
    const told = this.reasons.get(key) ?? { why: key, count: 0, places: [] };
    told.count++;
    if (told.places.length < PLACES) told.places.push(place);
    this.reasons.set(key, told);
  }

  /** The most frequent first. */
  get all(): Told[] {
    return [...this.reasons.values()].sort((a, b) => b.count - a.count);
  }

  get total(): number {
    return this.all.reduce((sum, { count }) => sum + count, 0);
  }
}
