import * as vscode from "vscode";
import { MODEL_STORE, size } from "../../inference/store.js";
import type { ModelEntry } from "../../protocol/types.js";
import {
  CONVERSIONS,
  type Conversion,
  convertModel,
  exportBytes,
  needTrainable,
} from "../../runs/convert.js";
import { findPython, MANAGED } from "../../runs/python.js";
import type { Services } from "../services.js";

/** Where this machine keeps models that Errata downloads and converts. */
export function modelStore(services: Services): string {
  return services.setting("modelFolder") || MODEL_STORE;
}

/** Asks for the precision, converts, and adds the result. */
export async function convertFolder(services: Services, folder: string): Promise<ModelEntry | undefined> {
  await needTrainable(folder);
  const precisions = Object.entries(CONVERSIONS) as [Conversion, (typeof CONVERSIONS)[Conversion]][];
  const items = await Promise.all(
    precisions.map(async ([precision, { words }]) => ({
      label: precision,
      description: `up to ${size(await exportBytes(folder, precision))}`,
      detail: words,
      precision,
    })),
  );
  const options = { title: "Convert To", placeHolder: "Precision", ignoreFocusOut: true };
  const chosen = await vscode.window.showQuickPick(items, options);
  if (!chosen) return undefined;
  const places = { explicit: services.setting("python"), managed: MANAGED };
  const { python } = await findPython(places);
  let made: string | undefined;
  const done = await services.work.start({
    title: `Converting ${folder} to ${chosen.precision}`,
    run: async (report, signal) => {
      const log = (line: string) => services.log.info(`convert: ${line}`);
      const store = modelStore(services);
      made = await convertModel(folder, chosen.precision, { python, store, report, signal, log });
    },
  });
  return done && made !== undefined ? services.models.add(made) : undefined;
}
