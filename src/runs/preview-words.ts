import type { PreviewFact } from "../protocol/run-preview.js";
import { METHOD_NAMES, STAGE_NAMES } from "../protocol/run-words.js";
import type { CompleteRecipe } from "./recipe.js";

/** What a method does, for people who read the name for the first time. */
const SENTENCES: Readonly<Record<CompleteRecipe["method"], string>> = {
  scrpo:
    "samples its problems and learns from right and wrong (trial and error), keeps telling errors in a pool, and in between reflects on them: analysis, then corrected solution.",
  grpo: "samples a group of attempts at each problem and makes likelier what did better than its group.",
  dapo: "is GRPO that samples on until every group is mixed, clips higher above and has no KL.",
  dr_grpo: "is GRPO without dividing by the group's standard deviation or the text's length.",
  s2r: "solves, verifies its own solution and solves again, within one trajectory.",
  score: "makes two attempts in one conversation and is rewarded for what the second mends.",
  rrr: "reflects on errors and tries again; the reflection alone learns from the retry.",
  sft: "imitates examples: supervised fine-tuning.",
  dpo: "prefers right over wrong attempts at the same problem.",
};

export function methodSentence({ method, s2r, data }: CompleteRecipe): string {
  const name = METHOD_NAMES[method] ?? method;
  if (method === "s2r" && s2r.stage === "initialise")
    return `${name} begins with imitation: trajectories of solving, verifying and solving again, built from ${data.examples === "sampled" ? "attempts that the run samples first" : "stored attempts"}.`;
  return `${name} ${SENTENCES[method]}`;
}

/** What a recipe comes to, line by line. */
export function recipeFacts(recipe: CompleteRecipe, problems: number): PreviewFact[] {
  const supervised = isSupervised(recipe);
  const learning: [label: string, value: string | null][] = [
    ["Steps", steps(recipe)],
    ["Each step", eachStep(recipe, problems)],
    ["Learning rate", rates(recipe)],
    ["KL to the base", supervised ? null : kl(recipe)],
    ["Reward reaches", supervised ? null : reached(recipe)],
    ["Loss on", supervised ? lossOn(recipe) : null],
    ["Enter the pool", recipe.method === "scrpo" || recipe.method === "rrr" ? filterWords(recipe) : null],
  ];
  const place: [label: string, value: string][] = [
    ["Weights", weights(recipe)],
    ["Runs on", where(recipe)],
    ["Ends with", recipe.export === "none" ? "a Hugging Face model" : `a model in ONNX, ${recipe.export}`],
  ];
  return [
    ...learning.flatMap(([label, value]) =>
      value === null ? [] : [{ label, value, about: "learning" as const }],
    ),
    ...place.map(([label, value]) => ({ label, value, about: "place" as const })),
  ];
}

/** Nothing is rewarded: there are examples instead. */
export function isSupervised({ method, s2r }: CompleteRecipe): boolean {
  return method === "sft" || method === "dpo" || (method === "s2r" && s2r.stage === "initialise");
}

/** Learns from errors of the pool, in stages of its own. */
const reflects = ({ method }: CompleteRecipe): boolean => method === "scrpo";

/** Steps of trial and of correction that the cycle gives. */
export function cycleSteps({ max_steps, correction }: CompleteRecipe): { trial: number; correction: number } {
  const [trial, corrections] = correction.cycle;
  const length = trial + corrections;
  const rest = max_steps % length;
  const whole = Math.floor(max_steps / length);
  const tried = whole * trial + Math.min(rest, trial);
  return { trial: tried, correction: max_steps - tried };
}

function steps(recipe: CompleteRecipe): string {
  const all = `${recipe.max_steps}`;
  if (reflects(recipe)) {
    const { trial, correction } = cycleSteps(recipe);
    return `${all}: ${trial} of ${STAGE_NAMES.trial}, ${correction} of ${STAGE_NAMES.correction} (${recipe.correction.cycle.join(" and ")} in turn)`;
  }
  if (recipe.method === "score") {
    const first = Math.min(recipe.score.stage_one_steps, recipe.max_steps);
    return `${all}: ${first} of ${STAGE_NAMES["stage-1"]}, ${recipe.max_steps - first} of ${STAGE_NAMES["stage-2"]}`;
  }
  return all;
}

function eachStep(recipe: CompleteRecipe, problems: number): string {
  const { problems_per_step: places, num_generations: group } = recipe;
  if (isSupervised(recipe)) return `${places} examples`;
  const length = `at most ${recipe.max_completion_length} tokens ${turns(recipe)}`;
  const { trial } = reflects(recipe) ? cycleSteps(recipe) : { trial: recipe.max_steps };
  const passes = problems > 0 ? (trial * places) / problems : 0;
  const seen = passes >= 1 ? `every problem ${times(passes)}` : `${trial * places} of ${problems} problems`;
  return `${places} problems × ${group} generations = ${places * group} rollouts, ${length}; ${seen} in all`;
}

function turns({ method }: CompleteRecipe): string {
  return method === "s2r" || method === "score" || method === "rrr" ? "a turn" : "each";
}

const times = (n: number): string => {
  const shown = n >= 10 ? Math.round(n) : Math.round(n * 10) / 10;
  return shown === 1 ? "once" : `${shown} times`;
};

function rates(recipe: CompleteRecipe): string {
  const plain = number(recipe.learning_rate);
  const schedule = recipe.lr_schedule === "constant" ? "" : `, ${recipe.lr_schedule} decay`;
  const warm = recipe.warmup_steps > 0 ? `, ${recipe.warmup_steps} steps of warm-up` : "";
  if (!reflects(recipe)) return `${plain}${schedule}${warm}`;
  return `${plain} in ${STAGE_NAMES.trial}, ${number(recipe.correction.learning_rate)} in ${STAGE_NAMES.correction}${schedule}${warm}`;
}

function kl(recipe: CompleteRecipe): string {
  const { beta, correction, score } = recipe;
  const none = (weight: number): string => (weight === 0 ? "none" : number(weight));
  switch (recipe.method) {
    case "scrpo":
      return `${none(beta)} in ${STAGE_NAMES.trial}; ${none(correction.beta)} in ${STAGE_NAMES.correction}, on ${correction.kl_mask === "all" ? "every token" : "what learns"}`;
    case "rrr":
      return `${none(correction.beta)}, on ${correction.kl_mask === "all" ? "every token" : "what learns"}`;
    case "score":
      return `${none(score.beta_first)} on the first attempt in stage I; ${none(beta)} after`;
    case "s2r":
      return beta === 0 ? "none" : `${number(beta)}, taken off the reward`;
    default:
      return beta === 0 ? "none" : `${number(beta)} on every token of the model`;
  }
}

const MASKS = {
  analysis: "the analysis, through the “Corrected Solution” marker",
  solution: "the corrected solution",
  all: "the whole reflection",
} as const;
const FAILURES = {
  skip: "a wrong correction gives no reward term",
  signed: "a wrong correction makes the same tokens less likely",
  all: "a wrong correction makes every token less likely",
} as const;

function reached(recipe: CompleteRecipe): string {
  const { mask, on_failure } = recipe.correction;
  switch (recipe.method) {
    case "scrpo":
      return `first attempts whole; of a reflection ${MASKS[mask]}; ${FAILURES[on_failure]}`;
    case "rrr":
      return `the reflection, by what the retry is worth; ${FAILURES[on_failure]}`;
    case "score":
      return "each attempt by its own reward; in stage I only the second";
    case "s2r":
      return recipe.s2r.stage === "process"
        ? "each solution by its answer, each verification by its truth"
        : "the whole trajectory, by its last solution";
    default:
      return "attempts whole";
  }
}

function lossOn(recipe: CompleteRecipe): string {
  if (recipe.method === "dpo") return "right attempts (likelier) against wrong ones (less likely)";
  if (recipe.method === "s2r") return "every verification, the last solution and the end";
  const { examples, pairs_mask } = recipe.sft;
  const words = {
    gold: "the problem set's solutions",
    rejection: "the model's right attempts",
    corrections: "right corrections of wrong attempts, as first answers",
    pairs: `of wrong → right pairs ${MASKS[pairs_mask]}`,
  };
  return examples.map((kind) => words[kind]).join("; ");
}

function filterWords({ filter, pool }: CompleteRecipe): string {
  const which = {
    variance: "wrong answers to problems near the edge of what the model can do",
    mixed: "wrong answers to problems that are solved sometimes",
    band: "wrong answers to problems within the band",
    all: "all wrong answers",
  }[filter.kind];
  const exact =
    filter.kind === "variance"
      ? ` (variance at least ${filter.min} of its largest)`
      : filter.kind === "band"
        ? ` (${filter.low} to ${filter.high})`
        : "";
  return `${which}${exact}; ${pool.max_size} at most, each used ${times(pool.max_uses)} at most`;
}

function weights({ lora, gradient_checkpointing }: CompleteRecipe): string {
  const which = lora === null ? "all" : `LoRA, rank ${lora.rank}, alpha ${lora.alpha}`;
  return gradient_checkpointing ? `${which}; gradient checkpointing` : which;
}

function where({ target, rollouts }: CompleteRecipe): string {
  const place =
    target.kind === "ray"
      ? `the Ray cluster ${target.address}, ${target.workers} workers`
      : target.processes > 1
        ? `this machine, ${target.processes} processes`
        : "this machine";
  return rollouts.engine === "vllm" ? `${place}; vLLM samples` : place;
}

/** `0.0001` reads badly, `1e-4` well; `0.02` stays. */
function number(value: number): string {
  return value < 0.001 ? value.toExponential().replace("e-", "e−") : String(value);
}
