import * as vscode from "vscode";
import { hostOf } from "../../inference/remote/endpoint.js";
import type { ModelEntry } from "../../protocol/types.js";
import { inform } from "../say.js";
import type { Services } from "../services.js";
import { convertFolder } from "./convert.js";
import { addEndpoint } from "./endpoint.js";
import { addFolder } from "./folder.js";
import { addFromHub } from "./hub.js";

/** A way to add a model: resolves with the new entry, or with nothing where the person turned back. */
interface Way {
  label: string;
  detail: string;
  add(services: Services): Promise<ModelEntry | undefined>;
}

const WAYS: readonly Way[] = [
  {
    label: "$(folder) A folder on this machine",
    detail: "An onnxruntime-genai export, or a folder with onnx/model.onnx.",
    add: async (services) => {
      const folder = await askFolder("Add Model: a folder with genai_config.json, or with onnx/model.onnx");
      return folder === undefined ? undefined : addFolder(services, folder);
    },
  },
  {
    label: "$(cloud-download) From Hugging Face…",
    detail: "A repository's id, such as onnx-community/Qwen2.5-Math-1.5B-Instruct; sizes are shown before.",
    add: (services) => addFromHub(services),
  },
  {
    label: "$(arrow-swap) Convert a Hugging Face folder…",
    detail: "Trainable weights (config.json, *.safetensors) become an ONNX model: fp32, int4 or fp16.",
    add: async (services) => {
      const folder = await askFolder("Convert: a folder with config.json and *.safetensors");
      return folder === undefined ? undefined : convertFolder(services, folder);
    },
  },
  {
    label: "$(cloud) An OpenAI-compatible server…",
    detail: "vLLM, SGLang, llama.cpp, LM Studio, …",
    add: (services) => addEndpoint(services),
  },
];

/** Asks for the way, unless a folder was clicked; tells what was added. */
export async function addModel(services: Services, clicked: unknown): Promise<void> {
  const model =
    clicked instanceof vscode.Uri ? await addFolder(services, clicked.fsPath) : await askWay(services);
  if (!model) return;
  const weights = model.endpoint
    ? `${hostOf(model.endpoint.url)} samples and reflects with it.`
    : model.trainable
      ? "It has trainable weights: runs can start from it."
      : "It has no trainable weights beside it: it can sample and reflect, but not be trained.";
  void inform(`${model.name} was added. ${weights}`);
}

async function askWay(services: Services): Promise<ModelEntry | undefined> {
  const way = await vscode.window.showQuickPick(WAYS, { title: "Add Model", ignoreFocusOut: true });
  return way?.add(services);
}

async function askFolder(title: string): Promise<string | undefined> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      title,
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: "Add Model",
    })) ?? [];
  return folder?.fsPath;
}
