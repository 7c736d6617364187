import { describeModel, ownFolders } from "../../inference/model/describe.js";
import { removeFolder, size } from "../../inference/store.js";
import type { ModelEntry } from "../../protocol/types.js";
import { warn } from "../say.js";
import type { Services } from "../services.js";

/** Takes a model off the list; its files too, where Errata made them and the person wants it. True when it did. */
export async function removeModel(services: Services, model: ModelEntry): Promise<boolean> {
  const facts = model.endpoint ? undefined : await describeModel(model).catch(() => undefined);
  const others = (await services.models.list()).filter(({ id }) => id !== model.id);
  const folders = await ownFolders(model, others);
  const ours = folders.length > 0;
  const withFiles = `Remove and Delete Files${facts?.bytes === undefined ? "" : ` (${size(facts.bytes)})`}`;
  const files = model.endpoint
    ? "The server is not touched"
    : ours
      ? `Errata made its files, in ${folders.join(" and ")}; other workspaces on this machine may use them too`
      : `Its files stay in ${model.folder}`;
  const chosen = await warn(
    `Remove ${model.name} from this workspace's models?`,
    { modal: true, detail: `${files}. Its attempts stay in the pool.` },
    ...(ours ? ["Remove, Keep Files", withFiles] : ["Remove"]),
  );
  if (chosen === undefined) return false;
  await services.models.remove(model.id);
  if (chosen === withFiles) for (const folder of folders) await removeFolder(folder);
  return true;
}
