import { LitElement } from "lit";

/** A page that shows a list, or one of its entries in the list's place: by keys, and back to where the list was. */
export abstract class ListPage extends LitElement {
  /** Where the list was scrolled to, in pixels. */
  protected scrolled = 0;
  protected abstract readonly pressed: (event: KeyboardEvent) => void;
  /** The page is there. */
  protected abstract ready(): void;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.pressed);
    this.ready();
  }

  override disconnectedCallback(): void {
    document.removeEventListener("keydown", this.pressed);
    super.disconnectedCallback();
  }

  /** Does what a key stands for, if it is one of these; then it is for nobody else. */
  protected heed(event: KeyboardEvent, deeds: Readonly<Record<string, () => void>>): void {
    const deed = Object.hasOwn(deeds, event.key) ? deeds[event.key] : undefined;
    if (!deed) return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  }

  protected scrollBack(): void {
    void this.updateComplete.then(() => this.querySelector("main")?.scrollTo(0, this.scrolled));
  }

  /** To the beginning of an entry that was opened, with the keys. */
  protected toTop(): void {
    void this.updateComplete.then(() => {
      this.querySelector("main")?.scrollTo(0, 0);
      this.querySelector("main")?.focus();
    });
  }
}
