import { html, nothing, type TemplateResult } from "lit";
import type { RolloutTurn } from "../../src/protocol/events.js";
import type { RolloutsView } from "../../src/protocol/run-panel.js";
import { answer, chip, icon, share, TONE } from "../shared/parts.js";

type Row = RolloutsView["rows"][number];

const TURNS: Readonly<Record<RolloutTurn["kind"], string>> = {
  solution: "Solution",
  verification: "Verification",
  reflection: "Reflection",
};

/** The table's rows: texts cut to a few lines, and under those that are `open` (by key) everything that was said. */
export function rolloutRows(
  { step, rows }: RolloutsView,
  correction: boolean,
  open: ReadonlySet<string>,
  toggle: (key: string) => void,
): TemplateResult[] {
  return rows.map((row, i) => {
    const same = rows[i - 1]?.problem === row.problem;
    // The view remembers it across filters and reloads.
    const key = `${step}/${row.problem_id}/${row.answer}/${row.completion.length}`;
    const shown = open.has(key);
    return html`${line(row, correction, same, shown, () => toggle(key))}
    ${shown ? whole(row, correction ? 8 : 7) : nothing}`;
  });
}

function line(
  row: Row,
  correction: boolean,
  same: boolean,
  open: boolean,
  toggle: () => void,
): TemplateResult {
  const last = row.turns?.at(-1);
  const solution = correction ? (row.wrong ?? "") : (last?.text ?? row.completion);
  const analysis = row.analysis ?? row.completion;
  const words = open ? "Show less" : "Show everything that was written";
  return html`<tr class=${open ? "open" : ""}>
    <td>
      <button type="button" class="plain" aria-expanded=${String(open)} title=${words} aria-label=${words} @click=${toggle}>
        ${icon(open ? "chevron-down" : "chevron-right")}
      </button>
    </td>
    <td><errata-math class=${same ? "same" : ""} .text=${row.problem} .lazy=${true}></errata-math></td>
    <td class="faint">
      ${row.turns && row.turns.length > 1 && !correction ? html`<span class="turn">turn ${row.turns.length} of ${row.turns.length}: </span>` : nothing}
      <errata-math class="clamp" .text=${solution} .lazy=${true}></errata-math>
    </td>
    ${
      correction
        ? html`<td class=${(row.learning_analysis ?? 0) > 0 ? "learns" : ""}>
            <errata-math class="clamp" .text=${analysis} .lazy=${true}></errata-math>
          </td>`
        : nothing
    }
    <td>${chip(TONE[row.verdict], answer(row.answer), `${row.verdict}; gold ${row.gold}`)}${row.times > 1 ? html` <span class="faint" title="Written ${row.times} times">×${row.times}</span>` : nothing}</td>
    <td class="number">${reward(row.reward)}</td>
    <td class="number ${row.advantage > 0 ? "good" : row.advantage < 0 ? "bad" : ""}">${signed(row.advantage)}</td>
    <td class="number" title=${learning(row)}>${row.learning_tokens} of ${row.tokens}</td>
  </tr>`;
}

/** Everything of a rollout: what it was given, and its turns in order. */
function whole(row: Row, columns: number): TemplateResult {
  const given = row.wrong === undefined ? nothing : part("Wrong solution that was given", row.wrong);
  return html`<tr class="whole">
    <td></td>
    <td colspan=${columns - 1}>
      ${given}
      ${row.turns && row.turns.length > 0 ? row.turns.map(turn) : part("Written", row.completion, learning(row))}
      <p class="read">Gold answer ${answer(row.gold)} · problem ${row.problem_id}</p>
    </td>
  </tr>`;
}

function turn(one: RolloutTurn, index: number): TemplateResult {
  const kind = TURNS[one.kind] ?? one.kind;
  return html`<div class="said ${one.learning_tokens > 0 ? "learns" : ""}">
    <div class="line">
      <h3>${index + 1}. ${kind}</h3>
      ${chip(TONE[one.verdict] ?? "quiet", one.verdict)}
      ${one.answer === null ? nothing : answer(one.answer)}
      <span class="read">
        reward ${reward(one.reward)} · ${one.learning_tokens} of ${one.tokens} tokens learn
      </span>
    </div>
    <errata-math .text=${one.text} .lazy=${true}></errata-math>
  </div>`;
}

/** What of a rollout learns, in words; of which part, only where the file says so. */
function learning({ tokens, learning_tokens: all, learning_analysis: analysis }: Row): string {
  const parts =
    analysis === undefined || all === 0
      ? ""
      : analysis === all
        ? ", all in the analysis"
        : `, ${analysis || "none"} of them in the analysis`;
  return `${all} of ${tokens} tokens receive a policy gradient${parts}`;
}

/** A dash where nobody can tell: 0 would say that it was wrong. */
const reward = (value: unknown): string => (typeof value === "number" ? share(value) : "–");

const part = (title: string, text: string, read = ""): TemplateResult =>
  html`<div class="said">
    <div class="line"><h3>${title}</h3><span class="read">${read}</span></div>
    <errata-math .text=${text} .lazy=${true}></errata-math>
  </div>`;

function signed(value: number): string {
  const text = share(Math.abs(value));
  return value > 0 ? `+${text}` : value < 0 ? `−${text}` : "0";
}
