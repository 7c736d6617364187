import { GradingService } from "./service.js";
import type { ThreadOptions } from "./thread.js";
import type { Grader } from "./types.js";

export { type Extracted, extractAnswer } from "./extract.js";
export { serveGrader } from "./serve.js";
export type { Equality, Grader } from "./types.js";

/** The grader of this process; `dispose` it at the end. Nothing is loaded before the first hard comparison. */
export function createGrader(options: ThreadOptions = {}): Grader {
  return new GradingService(options);
}
