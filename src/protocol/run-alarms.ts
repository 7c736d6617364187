/** What the alarms of docs/methods.md mean, in one place. The trainer names their kinds; it says the figures itself. */
export interface AlarmWords {
  name: string;
  means: string;
}

const ALARMS: Readonly<Record<string, AlarmWords>> = {
  saturation: {
    name: "Saturated pool",
    means:
      "The pool holds fewer different problems and corrections succeed less often: the run goes round the same few errors.",
  },
  collapse: {
    name: "Collapse",
    means:
      "Analyses shrank, or the model's choices narrowed, while no more corrections are right: it is giving up on analysing. A larger KL weight holds it closer to its start.",
  },
  "zero-variance": {
    name: "No variance",
    means:
      "Groups whose rollouts all earn the same, such as all right or all wrong, have no advantage: these steps cost time and teach nothing. Problems nearer the edge of the model would.",
  },
  "answer-in-analysis": {
    name: "Answer in the analysis",
    means:
      "The analysis already holds a final answer, so its reward may come from stating the answer, not from finding the error.",
  },
  "same-analysis": {
    name: "Same analysis",
    means:
      "One analysis serves many problems: it cannot be about any of them, yet it may be rewarded where a retry alone succeeds.",
  },
  unclosed: {
    name: "Unclosed sections",
    means:
      "Reflections that never come to their corrected solution count as failures, whatever their analysis is worth; often the token limit cuts them off.",
  },
  grader: {
    name: "Other grader",
    means:
      "The pool's own grader was not at hand, so rewards come from math-verify and may differ from the pool's verdicts.",
  },
  "too-long": {
    name: "Errors left out",
    means:
      "A reflection needs the problem, the wrong solution and room for an answer in the model's context; these errors leave too little.",
  },
  "always-changed": {
    name: "Always changes its answer",
    means:
      "The second answer nearly always differs from the first, so right answers are lost too: the model reacts to being asked again, not to an error.",
  },
  "never-changed": {
    name: "Never changes its answer",
    means: "The second attempt repeats the first answer: the model has learnt that not correcting is safe.",
  },
  shuffled: {
    name: "Analysis without effect",
    means:
      "Corrections succeed as often with the analysis of another problem: it is not the analysis that corrects.",
  },
};

/** A kind that is not known here is shown by its own name, with nothing added. */
export function alarmWords(kind: string): AlarmWords {
  const name = kind.replaceAll("-", " ");
  return ALARMS[kind] ?? { name: name.charAt(0).toUpperCase() + name.slice(1), means: "" };
}
