import { html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

/** `<errata-log>`: the end of the run's log, live while it is open; it stays at the end unless somebody scrolls up. */
@customElement("errata-log")
export class RunLog extends LitElement {
  @property() text = "";
  @property({ type: Boolean }) open = false;
  @property({ attribute: false }) toggled: (open: boolean) => void = () => {};
  @property({ attribute: false }) openFile: () => void = () => {};
  private atEnd = true;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const box = this.querySelector("pre");
    if (box && this.atEnd && (changed.has("text") || changed.has("open"))) box.scrollTop = box.scrollHeight;
  }

  protected override render(): TemplateResult {
    return html`<details
      class="log"
      id="log"
      ?open=${this.open}
      @toggle=${(event: Event) => {
        if (event.target instanceof HTMLDetailsElement && event.target.open !== this.open)
          this.toggled(event.target.open);
      }}
    >
      <summary><h2>Log</h2></summary>
      <pre
        tabindex="0"
        aria-label="End of the log"
        @scroll=${(event: Event) => {
          const box = event.target;
          if (box instanceof HTMLElement)
            this.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 8;
        }}
      >${this.text || "The log is empty."}</pre>
      <button type="button" class="link" @click=${this.openFile}>Open the whole log</button>
    </details>`;
  }
}
