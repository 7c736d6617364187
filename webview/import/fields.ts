import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { ImportMapping, ImportPreview, ImportState } from "../../src/protocol/import.js";
import { icon } from "../shared/parts.js";
import { short } from "../shared/short.js";
import { textOf } from "../shared/toolkit.js";
import { unnamed } from "./found.js";
import { baseName, ROLES, stem } from "./words.js";

export interface FieldActions {
  choose(role: keyof ImportMapping, column: string): void;
  /** Shows the roles that few files have, or not. */
  more(): void;
  set(name: string): void;
  model(name: string): void;
}

const NOT_TAKEN = "not taken";

/** What the fields of a format that says it all mean. */
export function fields(preview: ImportPreview): TemplateResult | typeof nothing {
  const all = preview.fields.filter(({ means }) => means !== NOT_TAKEN);
  const others = preview.fields.filter(({ means }) => means === NOT_TAKEN);
  if (preview.fields.length === 0) return nothing;
  const examples = all.some(({ example }) => example !== "");
  return html`<section>
    <h2>What its fields mean</h2>
    <table class="fields ${examples ? "" : "bare"}">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Means</th>
          ${examples ? html`<th scope="col">Example</th>` : nothing}
        </tr>
      </thead>
      <tbody>
        ${all.map(
          ({ field, means, example }) =>
            html`<tr>
              <th scope="row"><code>${field}</code></th>
              <td>${means}</td>
              ${examples ? html`<td class="example" title=${example || nothing}>${example}</td>` : nothing}
            </tr>`,
        )}
      </tbody>
    </table>
    ${
      others.length > 0
        ? html`<p class="faint foot">Not taken: ${others.map(({ field }) => field).join(", ")}.</p>`
        : nothing
    }
  </section>`;
}

/** Which column of a plain file is what; what nobody chose yet is marked. */
export function mapping(
  { mapping: plain, fields: all }: ImportPreview,
  view: { chosen: ReadonlySet<string>; more: boolean; closed: boolean },
  act: FieldActions,
): TemplateResult | typeof nothing {
  if (!plain) return nothing;
  const rare = ROLES.filter(({ role, often }) => !often && !plain.chosen[role] && !view.chosen.has(role));
  const rows = view.more ? ROLES : ROLES.filter((one) => !rare.includes(one));
  return html`<section>
    <h2>Which column is what</h2>
    <table class="fields mapping">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Column</th>
          <th scope="col">Example</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((one) => {
          // "" is a role that no column has.
          const column = plain.chosen[one.role] || undefined;
          const example = all.find(({ field }) => field === column)?.example ?? "";
          const proposed = !view.chosen.has(one.role);
          return row(one, { column, example, proposed, closed: view.closed }, plain.columns, act);
        })}
      </tbody>
    </table>
    <p class="faint foot">
      ${
        rare.length > 0
          ? html`<button
              type="button"
              class="link"
              aria-expanded=${view.more ? "true" : "false"}
              @click=${act.more}
            >
              ${view.more ? "Fewer" : "More"}</button
            >${view.more ? "." : html`: ${rare.map(({ title }) => title.toLowerCase()).join(", ")}.`}`
          : nothing
      }
      Remembered for files with the same columns.
    </p>
  </section>`;
}

function row(
  { role, title, needed }: (typeof ROLES)[number],
  now: { column: string | undefined; example: string; proposed: boolean; closed: boolean },
  columns: readonly string[],
  act: FieldActions,
): TemplateResult {
  const { column, example } = now;
  const missing = needed && column === undefined;
  return html`<tr>
    <th scope="row"><label for="role-${role}">${title}</label></th>
    <td>
      <span class="column">
        <select
          id="role-${role}"
          ?disabled=${now.closed}
          aria-invalid=${missing ? "true" : "false"}
          .value=${live(column ?? "")}
          @change=${(event: Event) => act.choose(role, textOf(event))}
        >
          <option value="" ?selected=${column === undefined}>${needed ? "Choose…" : "none"}</option>
          ${withColumn(columns, column).map(
            (one) => html`<option value=${one} ?selected=${one === column}>${short(one)}</option>`,
          )}
        </select>
        ${
          missing
            ? html`<span class="warn">${icon("warning")} needed</span>`
            : column !== undefined && now.proposed
              ? html`<span class="faint">proposed</span>`
              : nothing
        }
      </span>
    </td>
    <td class="example" title=${example || nothing}>${example}</td>
  </tr>`;
}

/** A path below a column (`doc.question`) is kept, though it is no column of its own. */
function withColumn(all: readonly string[], now: string | undefined): readonly string[] {
  return now === undefined || all.includes(now) ? all : [now, ...all];
}

/** Where it goes: the set's name, and the model's where the log has none. What is here already keeps its names. */
export function names(
  { file, names: given, companion, problems, preview }: ImportState,
  closed: boolean,
  act: FieldActions,
): TemplateResult | typeof nothing {
  if (preview?.stored) return nothing;
  const proposed = stem(file);
  const nameless = preview?.models.some(({ model }) => unnamed(model, given.model || proposed)) ?? false;
  return html`<section>
    <h2>Names</h2>
    <div class="names">
      ${name("set", "Problem set", given.set, preview?.mapping ? proposed : `as the log says, else ${proposed}`, closed, act.set)}
      ${
        nameless
          ? html`${name("model", "Model", given.model, proposed, closed, act.model)}
              <span class="faint why">The log does not say which model wrote it.</span>`
          : nothing
      }
      ${companion === null ? nothing : html`<span class="faint">Requests</span> <span class="name">${baseName(companion)}</span>`}
      ${problems === null ? nothing : html`<span class="faint">Gold answers</span> <span class="name">${baseName(problems)}</span>`}
    </div>
  </section>`;
}

const name = (
  id: string,
  label: string,
  value: string,
  proposed: string,
  closed: boolean,
  act: (name: string) => void,
): TemplateResult =>
  html`<label for=${id}>${label}</label>
    <input
      id=${id}
      type="text"
      spellcheck="false"
      placeholder=${short(proposed)}
      ?disabled=${closed}
      .value=${value}
      @change=${(event: Event) => act(textOf(event))}
    />`;
