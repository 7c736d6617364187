import { html, nothing, type TemplateResult } from "lit";
import { duration, number } from "../../src/protocol/figures.js";
import type { ImportPreview, ImportState } from "../../src/protocol/import.js";
import { icon } from "../shared/parts.js";
import {
  barred,
  baseName,
  goldWords,
  importWords,
  isStored,
  NEEDS_REQUESTS,
  problemsAlone,
  size,
  storedWords,
  troubleWords,
} from "./words.js";

export interface HeadActions {
  start(): void;
  cancel(): void;
  again(): void;
  sample(): void;
  companion(): void;
  problems(): void;
  showPool(): void;
}

/** Which file, and the one thing to do with it now. */
export function header(state: ImportState, act: HeadActions): TemplateResult {
  const { preview, busy } = state;
  return html`<header class="bar">
    <h1>${baseName(state.file)}</h1>
    <span class="figures">${preview ? html`${preview.title} · ${size(preview.bytes)}` : nothing}</span>
    ${busy && !state.progress ? html`<span class="busy" role="status"><vscode-progress-ring></vscode-progress-ring>${preview ? "Counting…" : "Reading…"}</span>` : nothing}
    ${deed(state, act)}
  </header>`;
}

function deed(state: ImportState, act: HeadActions): TemplateResult | typeof nothing {
  const { preview, progress, ended, busy } = state;
  if (progress)
    return html`<vscode-button appearance="secondary" @click=${act.cancel}>Cancel</vscode-button>`;
  if (ended?.ok || (preview && isStored(preview) && !busy))
    return html`<vscode-button @click=${act.showPool}>Show Error Pool</vscode-button>`;
  if (state.trouble) return nothing;
  const why = barred(state);
  return html`<vscode-button ?disabled=${why !== null} title=${why ?? nothing} @click=${act.start}
    >${(preview && importWords(preview)) ?? "Import"}</vscode-button
  >`;
}

/** What is there to be known before anything else: how it goes, how it ended, what is wrong. */
export function callouts(state: ImportState, act: HeadActions): TemplateResult {
  const { preview, progress, ended, trouble, readOnly } = state;
  const stored = preview && !progress && !ended ? storedWords(preview) : null;
  const gold = preview && !ended ? goldWords(preview) : null;
  return html`${progress ? meter(progress) : nothing}
    ${
      ended
        ? html`<div class="callout ${ended.ok ? "good" : "warn"}" role="status">
            ${icon(ended.ok ? "pass" : "warning")}
            <p>${ended.words}</p>
          </div>`
        : nothing
    }
    ${
      trouble
        ? html`<div class="callout bad" role="alert">
            ${icon("error")}
            <div>
              <p>${trouble.message}</p>
              ${trouble.advice ? html`<p class="faint">${trouble.advice}</p>` : nothing}
              ${
                trouble.code === NEEDS_REQUESTS
                  ? way("Choose the Requests…", act.companion)
                  : way("Read It Again", act.again)
              }
            </div>
          </div>`
        : nothing
    }
    ${preview && preview.trouble !== null && !trouble && !ended ? hindrance(preview, readOnly !== null, act) : nothing}
    ${stored !== null ? callout("info", "info", stored) : nothing}
    ${readOnly !== null ? callout("info", "lock", readOnly) : nothing}
    ${
      gold !== null
        ? callout(
            "info",
            "info",
            gold,
            canName(state) ? way("Choose the Problem Set…", act.problems) : nothing,
          )
        : nothing
    }`;
}

const way = (words: string, go: () => void): TemplateResult =>
  html`<div class="buttons"><vscode-button appearance="secondary" @click=${go}>${words}</vscode-button></div>`;

function hindrance(preview: ImportPreview, closed: boolean, act: HeadActions): TemplateResult {
  return html`<div class="callout warn" role="alert">
    ${icon("warning")}
    <div>
      <p>${troubleWords(preview)}</p>
      ${problemsAlone(preview) && !closed ? way("Sample These Problems…", act.sample) : nothing}
    </div>
  </div>`;
}

/** What a part of is in the pool belongs to the problems that it was first imported with. */
const canName = ({ preview, progress, readOnly }: ImportState): boolean =>
  preview?.stored === null && progress === null && readOnly === null;

const callout = (
  tone: string,
  name: string,
  words: string,
  deed: TemplateResult | typeof nothing = nothing,
): TemplateResult =>
  html`<div class="callout ${tone}">
    ${icon(name)}
    <div>
      <p>${words}</p>
      ${deed}
    </div>
  </div>`;

function meter({ done, total, stage, secondsLeft }: NonNullable<ImportState["progress"]>): TemplateResult {
  const share = total ? Math.min(1, done / total) : null;
  const words = [
    total ? `${stage} ${number(done)} of ${number(total)}` : done > 0 ? `${stage} ${number(done)}` : stage,
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
  ].join(" · ");
  return html`<div class="meter">
    <progress aria-label="Importing" aria-valuetext=${words} value=${share ?? nothing} max="1"></progress>
    <p class="faint">${words}</p>
  </div>`;
}

/** How much was found. */
export function figures(preview: ImportPreview): TemplateResult | typeof nothing {
  const { problems, attempts, groups, largestGroup, complete } = preview;
  if (problems === 0 && attempts === 0) return nothing;
  const all: [number, string][] = [
    [problems, problems === 1 ? "problem" : "problems"],
    [attempts, attempts === 1 ? "attempt" : "attempts"],
    ...(attempts > 0
      ? ([
          [groups, groups === 1 ? "group" : "groups"],
          [largestGroup, "in the largest group"],
        ] as [number, string][])
      : []),
  ];
  return html`<dl class="counts ${complete ? "" : "growing"}">
    ${all.map(
      ([n, what], i) =>
        html`<div>
          <dt>${what}${!complete && i === 0 ? " so far" : nothing}</dt>
          <dd>${number(n)}</dd>
        </div>`,
    )}
  </dl>`;
}
