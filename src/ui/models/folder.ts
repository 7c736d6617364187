import { existsSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { listGraphs } from "../../inference/model/graphs.js";
import { precisionWords } from "../../inference/model/precision.js";
import { size } from "../../inference/store.js";
import type { ModelEntry } from "../../protocol/types.js";
import { isTrainable } from "../../runs/convert.js";
import { inform } from "../say.js";
import type { Services } from "../services.js";
import { convertFolder } from "./convert.js";

/** Adds a folder that is a model; asks which graph where it has several; offers to convert trainable weights. */
export async function addFolder(services: Services, folder: string): Promise<ModelEntry | undefined> {
  if (await isTrainable(folder)) {
    const convert = await inform(
      "These are trainable weights. Convert them to ONNX, so that the model can sample?",
      { modal: true, detail: `${folder} stays as it is; runs can start from it.` },
      "Convert…",
    );
    return convert && convertFolder(services, folder);
  }
  const graphs = existsSync(join(folder, "genai_config.json")) ? [] : await listGraphs(folder);
  if (graphs.length < 2) return services.models.add(folder);
  const items = graphs.map(({ graph, precision, bytes }) => ({
    label: precision,
    description: `${size(bytes)} · ${graph}`,
    detail: precisionWords(precision),
    graph,
  }));
  const options = { title: "Which Graph of This Folder?", placeHolder: "Graph", ignoreFocusOut: true };
  const chosen = await vscode.window.showQuickPick(items, options);
  return chosen && services.models.add(folder, { graph: chosen.graph });
}
