import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { Found } from "./math.js";
import { icon } from "./parts.js";
import { bringIntoView } from "./scroll.js";
import "./find.css";

/** What a search looks through: `<errata-steps>` and `<errata-math>`. */
interface Searched extends HTMLElement {
  readonly searched: string;
  find(hits: readonly Found[]): void;
}
interface Hit {
  place: Searched;
  start: number;
  end: number;
}

/** More are not told apart: "10,000+". */
const MOST = 10_000;
const LONGEST_QUERY = 1000;

/**
 * `<errata-find>`: a search in the sources of what is shown, typeset or not, near or far. To use it: place it once in
 * the page with `within`, a selector of the `<errata-steps>` and `<errata-math>` elements to look through, and `of`,
 * anything that changes with what they show; call `open()` for the action `find`; Escape anywhere calls `close()`,
 * which is true when it was open. It raises `closed` when it goes, so that the focus can be given back. It is a text
 * field: its keys are not the review's.
 */
export class ErrataFind extends LitElement {
  static override properties = {
    within: { attribute: false },
    of: { attribute: false },
  };
  declare within: string;
  declare of: unknown;
  private isOpen = false;
  private query = "";
  private hits: Hit[] = [];
  private at = 0;

  constructor() {
    super();
    this.within = "errata-steps";
    this.of = null;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  open(): void {
    this.isOpen = true;
    // Drawn at once: the next key must find the field.
    this.requestUpdate();
    this.performUpdate();
    const field = this.querySelector("input");
    field?.focus();
    field?.select();
    this.search(true);
  }

  close(): boolean {
    if (!this.isOpen) return false;
    this.isOpen = false;
    this.mark([]);
    this.hits = [];
    this.requestUpdate();
    this.dispatchEvent(new Event("closed"));
    return true;
  }

  protected override updated(changed: Map<string, unknown>): void {
    // Something else is shown: what was found stood in the text before.
    if (this.isOpen && (changed.has("of") || changed.has("within"))) queueMicrotask(() => this.search(false));
  }

  private search(move: boolean): void {
    if (!this.isOpen) return;
    const here = this.hits[this.at];
    this.hits = [];
    const pattern = patternOf(this.query);
    const places = [...(this.getRootNode() as Document).querySelectorAll(this.within)].filter(isSearched);
    if (pattern) {
      for (const place of places) {
        for (const match of place.searched.matchAll(pattern)) {
          this.hits.push({ place, start: match.index, end: match.index + match[0].length });
          if (this.hits.length > MOST) break;
        }
      }
    }
    // As more is typed, the search stays where it is while that still fits.
    const kept = here
      ? this.hits.findIndex(({ place, start }) => place === here.place && start >= here.start)
      : 0;
    this.at = Math.max(0, kept);
    this.mark(places);
    if (move) this.show();
    this.requestUpdate();
  }

  private move(by: number): void {
    if (this.hits.length === 0) return;
    this.at = (this.at + by + this.hits.length) % this.hits.length;
    this.mark([]);
    this.show();
    this.requestUpdate();
  }

  /** Tells every place its hits; `places` may hold some that have none any more. */
  private mark(places: readonly Searched[]): void {
    const byPlace = new Map<Searched, Found[]>([...this.marked, ...places].map((place) => [place, []]));
    this.hits.forEach(({ place, start, end }, i) => {
      const current = i === this.at;
      const found = byPlace.get(place) ?? [];
      found.push({ start, end, current });
      byPlace.set(place, found);
    });
    for (const [place, found] of byPlace) place.find(this.isOpen ? found : []);
    this.marked = new Set(byPlace.keys());
  }
  private marked = new Set<Searched>();

  private show(): void {
    const hit = this.hits[this.at];
    if (!hit) return;
    bringIntoView(() => hit.place.querySelector(".found.current"), "center");
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.isOpen) return nothing;
    const n = this.hits.length;
    const none = this.query !== "" && n === 0;
    const count =
      this.query === ""
        ? ""
        : none
          ? "No results"
          : `${this.at + 1} of ${n > MOST ? "10,000+" : n.toLocaleString("en-US")}`;
    return html`<div class="find" role="search">
      <input
        type="text"
        aria-label="Find in the solution and the reflection"
        placeholder="Find"
        spellcheck="false"
        autocomplete="off"
        maxlength=${LONGEST_QUERY}
        aria-invalid=${none ? "true" : nothing}
        .value=${this.query}
        @input=${(event: Event) => this.typed(event)}
        @keydown=${(event: KeyboardEvent) => this.pressed(event)}
      />
      <span class="count" role="status">${count}</span>
      ${this.button("arrow-up", "Previous match (Shift+Enter)", () => this.move(-1), n === 0)}
      ${this.button("arrow-down", "Next match (Enter)", () => this.move(1), n === 0)}
      ${this.button("close", "Close (Escape)", () => this.close(), false)}
    </div>`;
  }

  private button(name: string, words: string, act: () => void, off: boolean): TemplateResult {
    return html`<button type="button" aria-label=${words} title=${words} ?disabled=${off} @click=${act}>
      ${icon(name)}
    </button>`;
  }

  private typed({ target }: Event): void {
    if (!(target instanceof HTMLInputElement)) return;
    this.query = target.value;
    this.search(true);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) this.move(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
customElements.define("errata-find", ErrataFind);

const isSearched = (element: Element): element is Searched => "searched" in element && "find" in element;

/** Upper and lower case alike; any white space for a space. Null for nothing. */
function patternOf(query: string): RegExp | null {
  if (query.trim() === "") return null;
  const escaped = query.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&").replace(/\s+/g, "\\s+");
  return new RegExp(escaped, "gi");
}
