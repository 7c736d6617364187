export { EXAMPLE_LINE } from "./fields.js";
export { describeIssues, type ProblemIssue, type ProblemSet, readProblemSet } from "./read.js";
