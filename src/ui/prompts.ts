import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as vscode from "vscode";
import {
  findPrompt,
  PROMPT_NAMES,
  type PromptName,
  renderPrompt,
  stripThinking,
  workspacePrompt,
} from "../inference/prompts.js";
import { problemTitle } from "../protocol/latex.js";
import type { ModelEntry } from "../protocol/types.js";
import { command } from "./commands.js";
import { currentModel } from "./models/ask.js";
import { needPool, rowsOf } from "./pool/index.js";
import type { PoolTree } from "./pool/tree.js";
import { previewText } from "./preview-text.js";
import type { Services } from "./services.js";

const SCHEME = "errata-prompt";
const USES: Readonly<Record<PromptName, string>> = {
  solve: "a problem, for a first attempt or a plain retry",
  reflect: "a problem and a wrong solution, for analysis and correction",
  verify: "a problem and a solution: is it right?",
  look_again: "a second look that does not say whether the first was right",
  neutral: "what stands in an analysis's place when a comparison measures what the analysis is worth",
  retry: "reflect, retry, reward: the problem once more, after a reflection on the wrong solution",
};

export function registerPrompts(services: Services, tree: PoolTree): void {
  const preview = new PreviewDocument();
  services.context.subscriptions.push(preview);
  command(services, "editPrompts", ["folder", "trust"], async () => {
    const model = await currentModel(services);
    const name = model && (await askName("Edit Prompts", model));
    if (name) await edit(services, name, model);
  });
  command(services, "previewPrompt", ["folder", "trust"], async (...args) => {
    const pool = await needPool(services);
    const [row] = rowsOf(args, tree);
    const [first] = await pool.attemptIds(row ? tree.queryOf(row) : { scope: "all" });
    const model = first === undefined ? undefined : await currentModel(services);
    const name = model && (await askName("Preview Prompt", model));
    if (!name || first === undefined) return;
    const { attempt, problem, reflections } = await pool.detail(first);
    const prompt = await findPrompt(name, { family: model.prompts, workspace: services.workspace });
    const retried = name === "retry";
    const messages = renderPrompt(
      prompt,
      {
        problem: problem.problem,
        solution: stripThinking(attempt.text) || attempt.text,
        ...(retried && { reflection: `Analysis: ${reflections[0]?.analysis ?? "…"}` }),
      },
      retried,
    );
    const engine = services.engine();
    const exact = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: "Errata: reading the tokenizer" },
      async () => {
        await engine.load(model);
        return engine.preview(messages);
      },
    );
    await preview.show(
      `${name} · ${problemTitle(problem.problem, 40)}`,
      previewText({ name, model: model.name, file: prompt.file, messages, ...exact }),
    );
  });
}

async function askName(title: string, model: ModelEntry): Promise<PromptName | undefined> {
  const items = PROMPT_NAMES.map((name) => ({
    label: name.replace("_", " "),
    description: USES[name],
    name,
  }));
  const placeHolder = `Prompts of ${model.prompts ? `the family ${model.prompts}` : "the general family"}`;
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.name;
}

/** The workspace's own version; made from ours when there is none yet. */
async function edit(services: Services, name: PromptName, model: ModelEntry): Promise<void> {
  const found = await findPrompt(name, { family: model.prompts, workspace: services.workspace });
  const file = workspacePrompt(name, services.workspace, model.prompts);
  if (found.file !== file) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, found.source, { flag: "wx" });
    services.log.info(`${found.file} was copied to ${file}, which now goes before it`);
  }
  await vscode.window.showTextDocument(vscode.Uri.file(file));
}

/** A read-only page for each preview. */
class PreviewDocument implements vscode.Disposable, vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly registration = vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => this.texts.delete(uri.path)),
  );

  provideTextDocumentContent(uri: vscode.Uri): string {
    return (
      this.texts.get(uri.path) ?? "This preview is gone: ask for it again with Errata: Preview Prompt…\n"
    );
  }

  async show(title: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title.replaceAll("/", "∕")}` });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
