import type { SamplingOptions } from "../protocol/types.js";
import type { Services } from "./services.js";

/** How to sample, as the settings say it. */
export function samplingOptions(services: Services): SamplingOptions {
  return {
    temperature: services.setting("temperature"),
    topP: services.setting("topP"),
    topK: services.setting("topK"),
    maxTokens: services.setting("maxTokens"),
    seed: services.setting("seed"),
  };
}
