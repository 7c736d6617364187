import * as vscode from "vscode";
import { download, entryOf, missingBytes, variantFolder } from "../../inference/hub/download.js";
import {
  type HubAccess,
  hubAccess,
  parseRepository,
  type Repository,
  readRepository,
} from "../../inference/hub/repository.js";
import { type Variant, variants } from "../../inference/hub/variants.js";
import { freeBytes, size } from "../../inference/store.js";
import { ErrataError, type ModelEntry } from "../../protocol/types.js";
import { inform, warn } from "../say.js";
import type { Services } from "../services.js";
import { convertFolder, modelStore } from "./convert.js";

/** Key of the token in VS Code's secret storage. */
const TOKEN = "hub.token";

/** Asks for a repository and one of its variants, shows sizes, downloads, and adds it. */
export async function addFromHub(services: Services): Promise<ModelEntry | undefined> {
  const { url } = hubAccess({ HF_ENDPOINT: process.env.HF_ENDPOINT });
  const typed = await vscode.window.showInputBox({
    title: "Add Model from Hugging Face",
    prompt: "OWNER/NAME, or the address of the model's page",
    placeHolder: "onnx-community/Qwen2.5-Math-1.5B-Instruct",
    ignoreFocusOut: true,
    validateInput: (text) =>
      text === "" || parseRepository(text, url) ? undefined : "OWNER/NAME, as in the page's address",
  });
  const named = typed && parseRepository(typed, url);
  if (!named) return undefined;
  const repository = await withToken(services, (access) =>
    vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Asking ${url} about ${named.id}`,
        cancellable: true,
      },
      (_progress, token) => {
        const controller = new AbortController();
        token.onCancellationRequested(() => controller.abort());
        return readRepository(access, named.id, named.revision, controller.signal).catch((error: unknown) => {
          if (controller.signal.aborted) return undefined;
          throw error;
        });
      },
    ),
  );
  const variant = repository && (await askVariant(repository));
  if (!repository || !variant || !(await confirm(services, repository, variant))) return undefined;
  const folder = await fetchVariant(services, repository, variant);
  if (folder === undefined) return undefined;
  if (variant.kind === "weights") return convertFolder(services, folder);
  return services.models.add(folder, entryOf(repository, variant));
}

async function askVariant(repository: Repository): Promise<Variant | undefined> {
  const items = variants(repository).map((variant) => ({
    label: variant.label,
    description: `${size(variant.bytes)}${variant.kind === "weights" ? "" : ` · ${variant.id}`}`,
    detail: variant.words,
    variant,
  }));
  const options = { title: `Which of ${repository.id}?`, placeHolder: "Variant", ignoreFocusOut: true };
  return (await vscode.window.showQuickPick(items, options))?.variant;
}

/** Sizes, room and place before a byte comes. */
async function confirm(services: Services, repository: Repository, variant: Variant): Promise<boolean> {
  const store = modelStore(services);
  const missing = await missingBytes(store, repository, variant);
  if (missing === 0) return true;
  const already = variant.bytes - missing;
  const detail = [
    `${size(variant.bytes)} in ${variant.files.length} files${already > 0 ? `, ${size(already)} of them here already` : ""}.`,
    `They go to ${variantFolder(store, repository, variant)}, where ${size(await freeBytes(store))} are free.`,
    `Commit ${repository.commit.slice(0, 8)}. Nothing of it is run as a program.`,
  ];
  const chosen = await inform(
    `Download ${repository.id} (${variant.label}), ${size(missing)}?`,
    { modal: true, detail: detail.join("\n") },
    "Download",
  );
  return chosen === "Download";
}

async function fetchVariant(
  services: Services,
  repository: Repository,
  variant: Variant,
): Promise<string | undefined> {
  const store = modelStore(services);
  return withToken(services, async (access) => {
    let folder: string | undefined;
    let refused: unknown;
    await services.work.start({
      title: `Downloading ${repository.id} ${variant.label}`,
      run: async (report, signal) => {
        try {
          folder = await download(access, repository, variant, store, { report, signal });
        } catch (error) {
          // Only a person can mend this one: it is asked for outside, when the progress has gone.
          if (!(error instanceof ErrataError) || error.code !== "hub-auth") throw error;
          refused = error;
        }
      },
    });
    if (refused) throw refused;
    return folder;
  });
}

/** Tries with the token there is; where the hub refuses, says why, asks for one and tries once more. */
async function withToken<T>(
  services: Services,
  attempt: (access: HubAccess) => PromiseLike<T>,
): Promise<T | undefined> {
  const { secrets } = services.context;
  try {
    return await attempt(hubAccess(process.env, await secrets.get(TOKEN)));
  } catch (error) {
    if (!(error instanceof ErrataError) || error.code !== "hub-auth") throw error;
    const give = "Give a Token…";
    const text = [error.message, error.hint].join(". ");
    if ((await warn(text, give)) !== give) return undefined;
    const token = await vscode.window.showInputBox({
      title: "Hugging Face Access Token",
      prompt: "Kept in VS Code's secret storage, sent to the hub alone",
      placeHolder: "hf_…",
      password: true,
      ignoreFocusOut: true,
      validateInput: (typed) =>
        typed === "" || typed.trim().startsWith("hf_") ? undefined : 'It begins with "hf_"',
    });
    if (!token) return undefined;
    await secrets.store(TOKEN, token.trim());
    return await attempt(hubAccess(process.env, token.trim()));
  }
}
