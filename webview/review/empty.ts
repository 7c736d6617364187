import { html, nothing, type TemplateResult } from "lit";
import { icon } from "../shared/parts.js";
import type { View } from "./context.js";

/** The queue holds nothing. */
export function emptyQueue(view: View): TemplateResult {
  const { state } = view;
  if (state.watchable) {
    return html`<div class="empty middle">
      ${icon("eye")}
      <h2>Nothing to review yet</h2>
      <p>The model is at work; what it gets wrong at the edge of its knowledge appears here.</p>
      <vscode-button @click=${view.watch}>${icon("eye")}Watch it write</vscode-button>
    </div>`;
  }
  if (state.disputes) {
    return html`<div class="empty middle">
      ${icon("law")}
      <h2>Nothing is in dispute here</h2>
      <p>
        Graders agree, or a person has settled it. Another grader’s word makes new disputes: command
        <b>Errata: Ask Another Grader…</b>
      </p>
      <vscode-button appearance="secondary" @click=${() => view.act("filter")}
        >${icon("filter")}Filter the queue</vscode-button
      >
    </div>`;
  }
  return html`<div class="empty middle">
    ${icon("beaker")}
    <h2>Nothing to review${state.scope ? html` in ${state.scope}` : nothing}</h2>
    ${
      state.scope
        ? html`<p>Nothing in the pool matches. Filter the queue anew to see the rest.</p>
            <vscode-button appearance="secondary" @click=${() => view.act("filter")}
              >${icon("filter")}Filter the queue</vscode-button
            >`
        : html`<p>
            What a model gets wrong at the edge of its knowledge appears here: sample a problem set
            (<b>Errata: Sample Problems…</b>), or bring attempts along (<b>Errata: Import Attempts…</b>).
          </p>`
    }
  </div>`;
}
