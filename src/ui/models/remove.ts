import * as vscode from "vscode";
import { describeModel } from "../../inference/describe.js";
import { readOrigin, removeFolder, size } from "../../inference/store.js";
import type { ModelEntry } from "../../protocol/types.js";
import type { Services } from "../services.js";

/** Takes a model off the list; its files too, where Errata made them and the person wants it. True when it did. */
export async function removeModel(services: Services, model: ModelEntry): Promise<boolean> {
  const facts = model.endpoint ? undefined : await describeModel(model).catch(() => undefined);
  const others = (await services.models.list()).filter(({ id }) => id !== model.id);
  const shared = others.some(({ folder }) => folder === model.folder);
  const ours = !model.endpoint && !shared && (await readOrigin(model.folder)) !== undefined;
  const withFiles = `Remove and Delete Files${facts?.bytes === undefined ? "" : ` (${size(facts.bytes)})`}`;
  const files = model.endpoint
    ? "The server is not touched"
    : ours
      ? `Errata made its files, in ${model.folder}; other workspaces on this machine may use them too`
      : `Its files stay in ${model.folder}`;
  const chosen = await vscode.window.showWarningMessage(
    `Remove ${model.name} from this workspace's models?`,
    { modal: true, detail: `${files}. Its attempts stay in the pool.` },
    ...(ours ? ["Remove, Keep Files", withFiles] : ["Remove"]),
  );
  if (chosen === undefined) return false;
  await services.models.remove(model.id);
  if (chosen === withFiles) await removeFolder(model.folder);
  return true;
}
