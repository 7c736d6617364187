import { GradingService } from "./service.js";
import type { ThreadOptions } from "./thread.js";
import type { Grader, GraderSettings } from "./types.js";

export { type Extracted, extractAnswer } from "./extract.js";
export { serveGrader } from "./serve.js";
export { readSettings, settingsWords } from "./settings.js";
export {
  ANSWER_READERS,
  type AnswerReader,
  DEFAULT_GRADER,
  type Equality,
  type EqualityHint,
  type Grader,
  type GraderSettings,
} from "./types.js";

/** The grader of this process; `dispose` it at the end. Nothing is loaded before the first hard comparison. */
export function createGrader(options: ThreadOptions = {}, settings?: GraderSettings): Grader {
  return new GradingService(options, settings);
}
