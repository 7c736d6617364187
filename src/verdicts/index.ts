/** What several graders say of an attempt, verdicts redone, and what a group's answers say together. */
export { settingsWords } from "../grading/settings.js";
export { type Equal, sameAnswers } from "./equivalence.js";
export type { GraderRow, Said } from "./grader-reply.js";
export { cardOf, groupCard, groupCards } from "./group-card.js";
export { LineGrader, type LineGraderOptions, type OpinionGrader } from "./line-grader.js";
export { MATH_VERIFY, mathVerify } from "./math-verify.js";
export { askOpinions, type OpinionsOptions, type OpinionsResult } from "./opinions.js";
export { previewRegrade, type RegradeOptions } from "./regrade.js";
