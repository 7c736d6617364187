import { DEFAULT_RUBRIC } from "../../protocol/rubric.js";
import { readRubric } from "../../review/rubric.js";
import type { Services } from "../services.js";
import type { TreeGrouping } from "./nodes.js";
import type { Catalogue } from "./shape.js";

export const EMPTY: Catalogue = { rubric: DEFAULT_RUBRIC, models: [], runs: [] };

/** Names for the ids in the pool. What cannot be read leaves the ids as they are; it is told where it is edited. */
export async function readCatalogue(services: Services, grouping: TreeGrouping): Promise<Catalogue> {
  const quietly = <T>(reading: Promise<T>, instead: T): Promise<T> =>
    reading.catch((error: unknown) => {
      services.log.debug("names for the Error Pool", error);
      return instead;
    });
  const [rubric, models, runs] = await Promise.all([
    quietly(readRubric(services.workspace), EMPTY.rubric),
    quietly(services.models.list(), []),
    grouping === "run" ? quietly(services.runs.list(), []) : [],
  ]);
  return { rubric, models, runs };
}
