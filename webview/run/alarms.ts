import { html, nothing, type TemplateResult } from "lit";
import { alarmWords } from "../../src/protocol/run-alarms.js";
import type { RunAlarmView } from "../../src/protocol/run-panel.js";
import { icon } from "../shared/parts.js";

/** The newest alarm of each kind, with since when; what it means on hover, as on the curves. A click opens the step's rollouts. */
export function alarmList(
  alarms: readonly RunAlarmView[],
  pick: (step: number) => void,
): TemplateResult | typeof nothing {
  if (alarms.length === 0) return nothing;
  const kinds = new Map<string, { since: number; last: RunAlarmView }>();
  for (const alarm of alarms) {
    kinds.set(alarm.kind, { since: kinds.get(alarm.kind)?.since ?? alarm.step, last: alarm });
  }
  return html`<ul class="alarms" aria-label="Alarms">
    ${[...kinds.values()].map(({ since, last }) => {
      const words = alarmWords(last.kind);
      const steps = since === last.step ? `step ${since}` : `steps ${since} to ${last.step}`;
      return html`<li>
        ${icon("warning")}
        <span>
          <b title=${words.means}>${words.name}</b>
          <button type="button" class="link" title="Rollouts of step ${last.step}" @click=${() => pick(last.step)}>${steps}</button>
          ${last.message}<span class="hidden"> ${words.means}</span>
        </span>
      </li>`;
    })}
  </ul>`;
}
