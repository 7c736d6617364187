import { html, nothing, type TemplateResult } from "lit";
import type { LiveEnd, LiveHead, LiveSample } from "../../src/protocol/live.js";
import type { Verdict } from "../../src/protocol/types.js";
import { answer, chip, icon, key, TONE } from "../shared/parts.js";

export interface LiveState {
  head: LiveHead;
  sample: LiveSample | null;
  tokens: number;
  tokensPerSecond: number | null;
  end: LiveEnd | null;
}

export interface LiveView {
  live: LiveState | null;
  /** The steps, which draw themselves. */
  steps: Node;
  raw: boolean;
  /** The newest line is kept in sight. */
  following: boolean;
  held: boolean;
  /** What is said to those who listen rather than see. */
  spoken: string;
  leave(): void;
  toggleHold(): void;
  toLatest(): void;
  scrolled(): void;
}

const WORDS: Record<Verdict, string> = {
  correct: "correct",
  incorrect: "wrong",
  truncated: "cut off at the token limit",
  unscored: "could not be scored",
};

/** What is being sampled: one sample as it is written, under how the whole of it goes. */
export function livePanel(view: LiveView): TemplateResult {
  const { live } = view;
  return html`<header class="bar live-bar">
      <span class="live-mark ${live && live.head.outcome === null ? "on" : ""}">${icon("eye")}Live</span>
      <span class="figures">${live ? progress(live.head) : "Waiting for the first sample…"}</span>
      ${live ? tally(live.head) : nothing}
      <vscode-button appearance="secondary" @click=${view.leave}
        >${icon("arrow-left")}Back to review ${key("Esc")}</vscode-button
      >
    </header>
    <main class="live" tabindex="-1">
      ${live?.head.outcome ? outcome(live.head.outcome, view) : nothing}
      ${live?.sample ? sample(live, live.sample, view) : waiting(live)}
    </main>
    <footer class="keys">
      <span class="hint">${key("Esc")} back</span>
      <span class="hint">${key("Space")} ${view.held ? "let it go on" : "hold this sample"}</span>
      <span class="hint">${key("r")} raw</span>
      <span class="hint">${key("↓", "↑")} scroll</span>
      <span class="push"></span>
      <span class="hint all">${live ? shown(live.head) : nothing}</span>
    </footer>`;
}

function progress(head: LiveHead): string {
  const rate = head.tokensPerSecond;
  const over = head.outcome !== null;
  return [
    `${head.stage} ${figure(head.done)} of ${figure(head.total)}`,
    head.secondsLeft === null || over ? null : `${duration(head.secondsLeft)} left`,
    rate === null ? null : `${figure(Math.round(rate))} tok/s`,
    head.backend === null ? `loading ${head.model}` : `${head.model} on ${head.backend}`,
  ]
    .filter((words) => words !== null)
    .join(" · ");
}

function tally({ tally: n }: LiveHead): TemplateResult {
  const rest = n.truncated + n.unscored;
  return html`${chip("good", `${figure(n.correct)} correct`)} ${chip("bad", `${figure(n.incorrect)} wrong`)}
  ${
    rest > 0
      ? chip(
          "warn",
          n.unscored === 0 ? `${figure(rest)} cut off` : `${figure(rest)} without a verdict`,
          `${n.truncated} cut off at the token limit, ${n.unscored} that could not be scored`,
        )
      : nothing
  }`;
}

function sample(live: LiveState, one: LiveSample, view: LiveView): TemplateResult {
  const { end, tokens, tokensPerSecond } = live;
  const name = one.what === "reflection" ? "Reflection" : "Sample";
  const words = [
    `${figure(tokens)} ${tokens === 1 ? "token" : "tokens"}`,
    tokensPerSecond === null ? null : `${figure(Math.round(tokensPerSecond))} tok/s`,
  ];
  return html`<div class="problem">
      <errata-math .text=${one.problem} .raw=${view.raw}></errata-math>
      <span class="origin">${one.origin}</span>
    </div>
    <div class="line sample">
      <h2>${name} ${one.sample} of ${one.of}</h2>
      ${end ? verdict(end, one, view.raw) : html`<span class="writing">${icon("edit")}writing…</span>`}
      <span class="push"></span>
      <span class="read count">${words.filter((w) => w !== null).join(" · ")}</span>
      <button
        type="button"
        class="chip ${view.held ? "info" : "quiet"}"
        aria-pressed=${view.held ? "true" : "false"}
        title="Keep this sample here until you let it go"
        @click=${view.toggleHold}
      >
        ${icon(view.held ? "pinned" : "pin")}${view.held ? "held" : "hold"}
      </button>
    </div>
    <div class="flow" aria-live="off" @scroll=${view.scrolled}>
      ${view.steps}
      ${
        end && one.what === "attempt" && end.verdict !== "correct" && end.reason
          ? html`<p class="why">${end.reason}</p>`
          : nothing
      }
    </div>
    ${
      view.following
        ? nothing
        : html`<button type="button" class="chip quiet latest" @click=${view.toLatest}>
            ${icon("arrow-down")}newest line
          </button>`
    }
    <span class="unseen" role="status" aria-live="polite">${view.spoken}</span>`;
}

function verdict(end: LiveEnd, one: LiveSample, raw: boolean): TemplateResult {
  if (end.verdict === null) return chip("quiet", "stopped", end.reason);
  return html`${chip(TONE[end.verdict], WORDS[end.verdict], end.reason)}
    <span class="read">
      read <span class="boxed">${answer(end.answer, raw)}</span> · gold ${answer(one.gold, raw)}
    </span>`;
}

/** What a verdict is called when it is said aloud. */
export function spokenVerdict(one: LiveSample, { verdict: v }: LiveEnd): string {
  const name = one.what === "reflection" ? "Reflection" : "Sample";
  return v === null ? "" : `${name} ${one.sample} of ${one.of}: ${WORDS[v]}`;
}

function outcome(words: string, view: LiveView): TemplateResult {
  return html`<div class="callout outcome" role="status">
    <span>${words}</span>
    <vscode-button @click=${view.leave}>${icon("book")}Open Review</vscode-button>
  </div>`;
}

function waiting(live: LiveState | null): TemplateResult | typeof nothing {
  if (live?.head.outcome) return nothing;
  return html`<div class="empty middle">
    <vscode-progress-ring></vscode-progress-ring>
    <h1>${live?.head.backend === null ? "Loading the model" : "Waiting for the first words"}</h1>
    <p>One sample at a time is shown here as the model writes it. The review stays where you left it.</p>
  </div>`;
}

function shown(head: LiveHead): string {
  const { correct, incorrect, truncated, unscored } = head.tally;
  const ended = correct + incorrect + truncated + unscored;
  if (head.shown === 0) return "";
  return `one sample at a time: ${figure(head.shown)} shown, ${figure(ended)} ended so far`;
}

const figure = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, "\u2009");

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
