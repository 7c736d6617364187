import * as vscode from "vscode";
import { hostOf } from "../../inference/remote/endpoint.js";
import { ErrataError, type ModelEntry } from "../../protocol/types.js";
import type { Services } from "../services.js";

interface Choosing {
  /** Only models that a run can start from. */
  trainable?: boolean;
  /** Asks even where there is no choice. */
  always?: boolean;
  atLeast?: number;
  /** Id of a model that was chosen already. */
  except?: string;
}

/** Chooses a registered model; the only one is taken without asking. */
export async function askModel(
  services: Services,
  title: string,
  { trainable = false, always = false, atLeast = 1, except }: Choosing = {},
): Promise<ModelEntry | undefined> {
  const models = (await services.models.list()).filter(
    (model) => model.id !== except && (!trainable || model.trainable),
  );
  const [only] = models;
  if (!only || models.length < atLeast) {
    throw new ErrataError(
      trainable
        ? "No model here has trainable weights."
        : except !== undefined || atLeast > 1
          ? "There is only one model here, and nothing to hold it against."
          : "There is no model in this workspace yet.",
      "Add a model folder, or train one: a run's checkpoint becomes a model.",
      "no-model",
    );
  }
  if (models.length === 1 && !always) return only;
  const items = models.map((model) => ({
    label: model.name,
    description: [
      model.id === model.name ? "" : model.id,
      model.base ? `from ${model.base}` : "",
      model.trainable ? "trainable" : "",
      model.endpoint ? `server · ${hostOf(model.endpoint.url)}` : "",
    ]
      .filter(Boolean)
      .join(" · "),
    detail: model.endpoint?.url ?? model.folder,
    model,
  }));
  // One question of several: a webview that had the focus takes it back between them, and must not end them.
  const options = { title, placeHolder: "Model", ignoreFocusOut: true };
  return (await vscode.window.showQuickPick(items, options))?.model;
}

/** The model that samples and reflects: the setting's, the only one, or a chosen one. */
export async function currentModel(services: Services): Promise<ModelEntry | undefined> {
  const named = services.setting("model");
  return named ? services.models.get(named) : askModel(services, "Which Model Should Work?");
}
