import { html, type TemplateResult } from "lit";
import { icon, key } from "../shared/parts.js";

const TABLE: [string, [string[], string][]][] = [
  [
    "Move",
    [
      [["j"], "next item"],
      [["k"], "previous item"],
      [["Space"], "skip this item"],
      [["↓", "↑"], "step cursor"],
      [["s"], "all attempts at this problem"],
    ],
  ],
  [
    "Judge the reflection",
    [
      [["1", "2", "3", "4", "5"], "quality of the reflection"],
      [["a"], "accept the correction"],
      [["x"], "reject it"],
      [["e"], "edit the correction"],
      [["Ctrl ⏎"], "save and go on"],
      [["Esc"], "leave the text field; the draft is kept"],
    ],
  ],
  [
    "Judge the attempt",
    [
      [["w"], "the first wrong step is here"],
      [["0"], "no wrong step"],
      [["c"], "overrule the grader: correct"],
      [["i"], "overrule: incorrect"],
      [["u"], "overrule: unscorable"],
      [["b"], "bad problem or wrong gold answer"],
      [["f"], "flag"],
      [["n"], "note"],
    ],
  ],
  [
    "View",
    [
      [["m"], "triage or localise"],
      [["r"], "raw or typeset"],
      [["Backspace"], "undo, across items (also Ctrl Z)"],
      [["?"], "this table"],
    ],
  ],
];

/** Every key, over the panel. The same key again takes a judgement back. */
export function help(close: () => void): TemplateResult {
  return html`<div class="veil" @click=${close}>
    <div
      class="help"
      role="dialog"
      aria-modal="true"
      aria-label="Keys"
      tabindex="-1"
      @click=${(event: Event) => event.stopPropagation()}
    >
      <div class="line">
        <h1>Keys</h1>
        <span class="read">the same key again takes a judgement back; rebind them in Keyboard Shortcuts</span>
        <span class="push"></span>
        <button type="button" class="plain" aria-label="Close" @click=${close}>${icon("close")}</button>
      </div>
      <div class="groups">
        ${TABLE.map(
          ([title, rows]) =>
            html`<section>
              <h2>${title}</h2>
              <dl>
                ${rows.map(([keys, words]) => html`<dt>${key(...keys)}</dt><dd>${words}</dd>`)}
              </dl>
            </section>`,
        )}
      </div>
    </div>
  </div>`;
}
