import { html, nothing, type TemplateResult } from "lit";
import type { RunDeed, RunHead } from "../../src/protocol/run-panel.js";
import { chip, icon } from "../shared/parts.js";

const PHASES: Record<string, string> = {
  loading: "loading the model",
  training: "training",
  saving: "saving a checkpoint",
  exporting: "exporting the model",
};
/** As the papers write them. */
const METHODS: Record<string, string> = {
  scrpo: "ScRPO",
  grpo: "GRPO",
  dapo: "DAPO",
  dr_grpo: "Dr. GRPO",
  s2r: "S²R",
  score: "SCoRe",
  sft: "SFT",
  dpo: "DPO",
};
const ALIVE: ReadonlySet<RunHead["status"]> = new Set(["starting", "running", "stopping"]);

export const isAlive = (head: RunHead): boolean => ALIVE.has(head.status);

export function header(head: RunHead, act: (deed: RunDeed) => void): TemplateResult {
  const figures = [
    head.steps > 0 ? `step ${head.step} of ${head.steps}` : null,
    head.stepSeconds === null ? null : `${head.stepSeconds.toFixed(head.stepSeconds < 10 ? 1 : 0)} s a step`,
    isAlive(head) && head.secondsLeft !== null ? `${duration(head.secondsLeft)} left` : null,
    head.tokensPerSecond === null ? null : `${Math.round(head.tokensPerSecond)} tok/s`,
    head.device,
    `${METHODS[head.method] ?? head.method} from ${head.model}`,
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

function statusChip(head: RunHead): TemplateResult {
  switch (head.status) {
    case "running": {
      if (head.phase && head.phase !== "training") return busy(PHASES[head.phase] ?? head.phase);
      return busy(
        head.stage === "correction"
          ? "self-correction"
          : head.stage === "trial"
            ? "trial and error"
            : "training",
      );
    }
    case "starting":
      return busy("starting");
    case "stopping":
      return busy(
        head.phase && head.phase !== "training"
          ? `stopping: ${PHASES[head.phase] ?? head.phase}`
          : "stopping after this step, keeping a checkpoint",
      );
    case "stopped":
      return chip("warn", html`${icon("debug-pause")}stopped, checkpoint kept`);
    case "finished":
      return chip("good", html`${icon("pass")}finished`);
    case "failed":
      return chip("bad", html`${icon("error")}failed`);
    case "died":
      return chip("bad", html`${icon("error")}ended without a word`);
  }
}

const busy = (words: string): TemplateResult =>
  chip(
    "info",
    html`<span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true"></span>${words}`,
  );

function buttons(head: RunHead, act: (deed: RunDeed) => void): TemplateResult {
  const resumable = ["stopped", "failed", "died"].includes(head.status);
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
      ? html`<vscode-button @click=${() => act("resume")}>${icon("debug-continue")}Resume</vscode-button>`
      : nothing
  }
  ${
    head.modelId && !isAlive(head)
      ? html`<vscode-button
          appearance=${resumable ? "secondary" : "primary"}
          @click=${() => act("compare")}
          >${icon("git-compare")}Compare with ${head.model}</vscode-button
        >`
      : nothing
  }
  <vscode-button appearance="secondary" @click=${() => act("recipe")}>${icon("json")}Open recipe</vscode-button>`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
