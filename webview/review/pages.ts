import type { ReviewItem } from "../../src/protocol/review.js";
import { Ahead } from "./ahead.js";

/** One item's columns in the page: of the item that is shown, or of one that may be asked for. */
export interface Place {
  item: ReviewItem;
  /** How many screens full of its steps are drawn. */
  screens: number;
  /** It is not shown and was laid out: nothing of it is to be done until it is. */
  kept: boolean;
  /** When it was shown or drawn last; the greatest is the latest. */
  used: number;
}

/** What is shown, the two that come next, and the one that was shown before. */
const PLACES = 4;
/** A page that was empty draws so much at once, in screens full: the sooner there is something to read. */
const FIRST = 0.3;
/** What is drawn of an item in one turn after the other, while nothing else is to be done, in screens full. */
const AHEAD = [0.4, 1];
const SHOWN = [FIRST, 1, 2, Number.POSITIVE_INFINITY];
/** A page that is never idle goes on all the same. Milliseconds. */
const PATIENCE = 150;

/**
 * Lays out the items that may be asked for next while a person reads: a key then shows what is there already. What is
 * shown is always drawn from the host's own state; what was drawn ahead only spares the work.
 */
export class Pages {
  readonly places: Place[] = [];
  /** The one that is shown. */
  shown: Place | null = null;
  private clock = 0;
  private waiting = false;
  private readonly ahead = new Ahead((item) => this.prepare(item));
  /** As the host read them ahead, the newest last. */
  private readonly items = new Map<number, ReviewItem>();

  constructor(private readonly draw: () => void) {}

  /** This item is shown now; `whole`: all of it at once. */
  show(item: ReviewItem | null, whole = false): void {
    const before = this.shown;
    const place = item && (this.placeOf(item) ?? this.room(item));
    this.shown = place;
    if (before && before !== place) {
      // Its steps beyond the first screen go, later.
      Object.assign(before, { kept: true, used: ++this.clock });
    }
    if (!item || !place) return;
    this.ahead.drop(item.attemptId);
    // What is said of it now, the item that was read ahead does not know.
    this.items.delete(item.attemptId);
    place.item = item;
    if (place !== before)
      Object.assign(place, { screens: before ? 1 : FIRST, kept: false, used: ++this.clock });
    if (whole) place.screens = Number.POSITIVE_INFINITY;
    this.goOn();
  }

  /** This one may be asked for. */
  add(item: ReviewItem): void {
    this.ahead.add(item);
    this.items.delete(item.attemptId);
    this.items.set(item.attemptId, item);
    for (const id of [...this.items.keys()].slice(0, -PLACES)) this.items.delete(id);
  }

  /** An item that was read ahead, and not shown since. */
  read(attemptId: number): ReviewItem | undefined {
    return this.items.get(attemptId);
  }

  /** What was read ahead holds no longer: it was read under other rules than those of now. */
  clear(): void {
    this.ahead.clear();
    this.items.clear();
    const { shown } = this;
    this.places.splice(0, this.places.length, ...(shown ? [shown] : []));
  }

  private placeOf(item: ReviewItem): Place | undefined {
    return this.places.find((place) => place.item.attemptId === item.attemptId);
  }

  /** A new place, or that which was used longest ago. */
  private room(item: ReviewItem): Place {
    const fresh = { item, screens: 0, kept: false, used: ++this.clock };
    if (this.places.length < PLACES) {
      this.places.push(fresh);
      return fresh;
    }
    const hidden = this.places.filter((place) => place !== this.shown);
    const oldest = hidden.reduce((a, b) => (a.used <= b.used ? a : b));
    return Object.assign(oldest, fresh);
  }

  private prepare(item: ReviewItem): void {
    const known = this.placeOf(item);
    if (known && known === this.shown) return;
    if (known) known.item = item;
    else this.room(item);
    this.draw();
    this.goOn();
  }

  /** One turn of what is still to be drawn or laid out, whenever there is time. */
  private goOn(): void {
    if (this.waiting || !this.places.some((place) => this.next(place))) return;
    this.waiting = true;
    requestIdleCallback(
      () => {
        this.waiting = false;
        const at = [this.shown, ...this.places].find((place) => place && this.next(place));
        if (!at) return;
        Object.assign(at, this.next(at));
        this.draw();
        // In the frame that follows it is laid out.
        requestAnimationFrame(() => requestAnimationFrame(() => this.goOn()));
      },
      { timeout: PATIENCE },
    );
  }

  private next(place: Place): Partial<Place> | undefined {
    const shown = place === this.shown;
    if (!shown && place.kept) return place.screens > 1 ? { screens: 1 } : undefined;
    const screens = (shown ? SHOWN : AHEAD).find((most) => most > place.screens);
    if (screens !== undefined) return { screens };
    return shown ? undefined : { kept: true };
  }
}
