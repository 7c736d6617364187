import { html, type TemplateResult } from "lit";
import { icon, key } from "../shared/parts.js";
import { KEYS, keyName } from "./keys.js";

/** Every key, over the panel; it takes the keys while it is there. */
export function help(close: () => void): TemplateResult {
  return html`<div class="veil" @click=${close}>
    <div
      class="help"
      role="dialog"
      aria-modal="true"
      aria-labelledby="help-title"
      tabindex="-1"
      data-own-keys
      @click=${(event: Event) => event.stopPropagation()}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === "?") close();
        else if (event.key === "Tab") stay(event);
      }}
    >
      <div class="line">
        <h2 id="help-title">Keys</h2>
        <span class="read">the same key again takes a judgement back; rebind them in Keyboard Shortcuts</span>
        <span class="push"></span>
        <button type="button" class="plain" aria-label="Close" @click=${close}>${icon("close")}</button>
      </div>
      <div class="groups">
        ${KEYS.map(
          ({ title, rows }) =>
            html`<section>
              <h3>${title}</h3>
              <dl>
                ${rows.map(({ keys, words }) => html`<dt>${key(...keys.map(keyName))}</dt><dd>${words}</dd>`)}
              </dl>
            </section>`,
        )}
      </div>
    </div>
  </div>`;
}

/** The one button is all there is to go to; behind the dialog nothing is. */
function stay(event: KeyboardEvent): void {
  event.preventDefault();
  const dialog = event.currentTarget;
  if (dialog instanceof HTMLElement) dialog.querySelector("button")?.focus();
}
