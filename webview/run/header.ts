import { html, nothing, type TemplateResult } from "lit";
import { duration } from "../../src/protocol/figures.js";
import type { RunDeed, RunHead } from "../../src/protocol/run-panel.js";
import { METHOD_NAMES, PHASE_NAMES, resumeWords, STAGE_NAMES } from "../../src/protocol/run-words.js";
import { chip, icon } from "../shared/parts.js";

const ALIVE: ReadonlySet<RunHead["status"]> = new Set(["starting", "running", "stopping"]);

export const isAlive = (head: RunHead): boolean => ALIVE.has(head.status);

export function header(head: RunHead, act: (deed: RunDeed) => void): TemplateResult {
  const figures = [
    head.steps > 0 ? `step ${head.step} of ${head.steps}` : null,
    head.stepSeconds === null ? null : `${head.stepSeconds.toFixed(head.stepSeconds < 10 ? 1 : 0)} s a step`,
    isAlive(head) && head.secondsLeft !== null ? `${duration(head.secondsLeft)} left` : null,
    head.tokensPerSecond === null ? null : `${Math.round(head.tokensPerSecond)} tok/s`,
    head.device,
    `${METHOD_NAMES[head.method] ?? head.method} from ${head.model}`,
  ];
  return html`<header class="bar">
      <h1>${head.name}</h1>
      ${statusChip(head)}
      <span class="figures">${figures.filter((f) => f !== null).join(" · ")}</span>
      <div class="buttons">${buttons(head, act)}</div>
    </header>
    <progress
      class=${isAlive(head) ? "" : "still"}
      max=${Math.max(1, head.steps)}
      .value=${head.step}
      aria-label="Steps done"
    ></progress>`;
}

/** What supervised training learns from, in one line. */
export function examples({ examples: given }: RunHead): TemplateResult | typeof nothing {
  if (!given) return nothing;
  const list = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .map(([kind, n]) => `${n} ${kind.replaceAll("_", " ")}`)
      .join(", ");
  const out = list(given.leftOut);
  return html`<p class="examples">
    Learns from ${list(given.counts) || "nothing"}${out ? html`<span class="faint"> · left out: ${out}</span>` : nothing}
  </p>`;
}

function statusChip(head: RunHead): TemplateResult {
  switch (head.status) {
    case "running": {
      if (head.phase && head.phase !== "training") return busy(phase(head.phase));
      return busy(head.stage ? STAGE_NAMES[head.stage] : "training");
    }
    case "starting":
      return busy("starting");
    case "stopping":
      return busy(
        head.phase && head.phase !== "training"
          ? `stopping: ${phase(head.phase)}`
          : "stopping after this step, keeping a checkpoint",
      );
    case "stopped":
      return chip(
        "warn",
        html`${icon("debug-pause")}${head.checkpoint === null ? "stopped, no checkpoint" : "stopped, checkpoint kept"}`,
      );
    case "finished":
      return chip("good", html`${icon("pass")}finished`);
    case "failed":
      return chip("bad", html`${icon("error")}failed`);
    case "died":
      return chip("bad", html`${icon("error")}ended without a word`);
  }
}

const phase = (name: string): string => (PHASE_NAMES as Record<string, string>)[name] ?? name;

const busy = (words: string): TemplateResult =>
  chip(
    "info",
    html`<span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true"></span>${words}`,
  );

function buttons(head: RunHead, act: (deed: RunDeed) => void): TemplateResult {
  const resumable = ["stopped", "failed", "died"].includes(head.status);
  const quiet = (name: string, words: string, deed: RunDeed, disabled = false): TemplateResult =>
    html`<vscode-button
      appearance="icon"
      title=${words}
      aria-label=${words}
      ?disabled=${disabled}
      @click=${() => act(deed)}
      >${icon(name)}</vscode-button
    >`;
  return html`${
    isAlive(head)
      ? html`<vscode-button
          appearance="secondary"
          ?disabled=${head.status === "stopping"}
          @click=${() => act("stop")}
          >${icon("debug-stop")}Stop and keep checkpoint</vscode-button
        >`
      : nothing
  }
  ${
    resumable
      ? html`<vscode-button title=${resumeWords(head.checkpoint)} @click=${() => act("resume")}
          >${icon("debug-continue")}${head.checkpoint === null ? "Resume from the start" : "Resume"}</vscode-button
        >`
      : nothing
  }
  ${
    head.modelId && !isAlive(head)
      ? html`<vscode-button
          appearance=${resumable ? "secondary" : "primary"}
          title="Compare ${head.modelId} with ${head.model} on problems neither was trained on"
          @click=${() => act("compare")}
          >${icon("git-compare")}Compare models</vscode-button
        >`
      : nothing
  }
  <vscode-button appearance="secondary" title="A new recipe from this run's" @click=${() => act("clone")}
    >${icon("copy")}Clone recipe</vscode-button
  >
  ${quiet("json", "Open the run's recipe", "recipe")} ${quiet("folder-opened", "Show the run's folder", "folder")}
  ${quiet("trash", isAlive(head) ? "Delete: stop the run first" : "Delete the run…", "delete", isAlive(head))}`;
}
