import { stat } from "node:fs/promises";
import type { NameOptions } from "../exchange/import/index.js";
import { importWords } from "../exchange/tell.js";
import type { ImportPreview } from "../protocol/import.js";
import { ErrataError } from "../protocol/types.js";
import type { ImportChoices, ImportTools } from "./import-session.js";
import type { Services } from "./services.js";

const UNTRUSTED = "This workspace is in Restricted Mode: a file can be looked at, and nothing is imported.";

/** The steps of an import, with this window's pool, grader and progress. */
export function importTools(services: Services): ImportTools {
  return {
    preview: async (file, choices, onPreview, signal) => {
      const { previewImport } = await reading();
      // Looking at a file makes no pool.
      const pool = await services.poolIfAny();
      try {
        return await previewImport(file, { ...optionsOf(choices), pool, onPreview, signal });
      } catch (error) {
        if (error instanceof ErrataError && error.code === "no-preview") return ownExport(file);
        throw error;
      }
    },
    run: async (file, choices, report, signal) => {
      const { importFile } = await reading();
      const pool = await services.pool();
      const result = await importFile(pool, file, {
        ...optionsOf(choices),
        grader: services.grader(),
        report,
        signal,
      });
      return importWords(result);
    },
    start: (title, job) => services.work.start({ title, quiet: true, run: job }),
    readOnly: () => (services.trusted ? null : UNTRUSTED),
  };
}

/** What reads a dozen formats is no small part of the bundle: loaded when it is first needed. */
const reading = () => import("../exchange/import/index.js");

/** No mapping: nothing was chosen, and nothing is to be remembered. */
function optionsOf({ mapping, companion, problems, set, model }: ImportChoices): NameOptions {
  return {
    ...{ set, model },
    ...(companion !== null && { companion }),
    ...(problems !== null && { problems }),
    ...(Object.keys(mapping).length > 0 && { mapping }),
  };
}

/** An export of ours says itself what it holds: it is taken in as it is. */
async function ownExport(file: string): Promise<ImportPreview> {
  return {
    ...{ file, format: "errata", title: "Errata export", bytes: (await stat(file)).size, complete: true },
    ...{ problems: 0, attempts: 0, groups: 0, largestGroup: 0, withoutGold: 0 },
    ...{ models: [], scores: [], fields: [], skipped: [], first: [] },
    ...{ mapping: null, trouble: null, stored: null },
  };
}
