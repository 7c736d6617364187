import { html, nothing, type TemplateResult } from "lit";
import { AXES, type Axis } from "../../src/protocol/run-curve.js";
import { icon } from "../shared/parts.js";
import { along } from "./chart-options.js";
import type { Scene } from "./shown.js";

export interface ToolbarActions {
  axis(axis: Axis): void;
  smoothing(weight: number): void;
  resetZoom(): void;
  addRuns(): void;
  removeRun(id: string): void;
  save(): void;
}

const AXIS_NAMES: Readonly<Record<Axis, { name: string; title: string }>> = {
  step: { name: "Step", title: "Curves over steps" },
  tokens: { name: "Tokens", title: "Curves over generated tokens" },
  time: { name: "Time", title: "Curves over time of work, pauses left out" },
};

/** How the curves are looked at: the same for all plots. */
export function toolbar(scene: Scene, act: ToolbarActions): TemplateResult {
  const [, ...others] = scene.runs;
  const tokens = scene.runs.some(({ curve }) => curve.points.some((p) => p.tokens !== undefined));
  return html`<div class="toolbar" role="toolbar" aria-label="Curves">
    <fieldset class="choice">
      <legend class="hidden">Horizontal axis</legend>
      ${AXES.map(
        (axis) => html`<label title=${AXIS_NAMES[axis].title}>
          <input
            type="radio"
            name="axis"
            .checked=${scene.axis === axis}
            ?disabled=${axis === "tokens" && !tokens}
            @change=${() => act.axis(axis)}
          /><span>${AXIS_NAMES[axis].name}</span></label
        >`,
      )}
    </fieldset>
    <label class="smoothing" title="Moving average over steps; the curve as measured stays behind it">
      <span>Smoothing</span>
      <input
        type="range"
        min="0"
        max="0.99"
        step="0.01"
        .value=${String(scene.smoothing)}
        aria-valuetext=${scene.smoothing === 0 ? "none" : scene.smoothing.toFixed(2)}
        @input=${(event: Event) => event.target instanceof HTMLInputElement && act.smoothing(event.target.valueAsNumber)}
      />
      <output>${scene.smoothing === 0 ? "none" : scene.smoothing.toFixed(2).replace("0.", ".")}</output>
    </label>
    ${
      scene.zoom
        ? html`<button type="button" class="chip quiet zoomed" title="Show all again (double click on a plot)" @click=${act.resetZoom}>
            ${icon("zoom-out")}${zoomWords(scene)}<span class="hidden">: show all again</span>
          </button>`
        : nothing
    }
    <span class="push"></span>
    <ul class="runs" aria-label="Runs shown">
      ${
        others.length > 0
          ? scene.runs.map(
              (run, i) => html`<li class="run-${run.colour}">
                <span class="name">${run.name}</span>
                ${
                  i > 0
                    ? html`<button type="button" class="plain" title="Remove" aria-label="Remove ${run.name}" @click=${() => act.removeRun(run.id)}>
                        ${icon("close")}
                      </button>`
                    : nothing
                }
              </li>`,
            )
          : nothing
      }
    </ul>
    <button type="button" class="quiet-button" title="Draw other runs over this one" @click=${act.addRuns}>
      ${icon("layers")}Compare with…
    </button>
    <button type="button" class="quiet-button" title="Every figure of the shown runs as CSV" @click=${act.save}>
      ${icon("export")}Export…
    </button>
  </div>`;
}

function zoomWords({ zoom, axis }: Scene): string {
  if (!zoom) return "";
  if (axis === "step") return `steps ${Math.ceil(zoom.from)} to ${Math.floor(zoom.to)}`;
  const unit = axis === "tokens" ? " tokens" : "";
  return `${along(zoom.from, axis)} to ${along(zoom.to, axis)}${unit}`;
}
