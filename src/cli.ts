import { UsageError } from "./cli/arguments.js";
import { compare } from "./cli/compare.js";
import { Context } from "./cli/context.js";
import { demo } from "./cli/demo.js";
import { doctor } from "./cli/doctor.js";
import { grade } from "./cli/grade.js";
import { models } from "./cli/models.js";
import { pool } from "./cli/pool.js";
import { reflect } from "./cli/reflect.js";
import { run, runs } from "./cli/run.js";
import { sample } from "./cli/sample.js";
import { setup } from "./cli/setup.js";
import { ErrataError } from "./protocol/types.js";

/** Resolves with an exit status where it is not 0. */
type Command = (args: readonly string[], context: Context) => Promise<unknown>;

const COMMANDS: Record<string, Command> = {
  demo,
  doctor,
  sample,
  grade,
  reflect,
  pool,
  run,
  runs,
  compare,
  models,
  setup,
};

const HELP = `errata: sample, read and correct the failures of math-reasoning models, and fine-tune on the corrections

  errata demo [--out DIR] [--quick]     the whole loop on the embedded model; prints and writes its report
  errata doctor                         what this machine can do, and how to mend what is missing
  errata setup [--folder DIR]           the Python environment for training
  errata setup --cuda                   the CUDA provider for sampling on an NVIDIA GPU (Linux x64)

  errata sample PROBLEMS --model M      try each problem G times, grade, fill the error pool
      --group G --temperature T --top-p P --top-k K --max-tokens N --seed S --limit N
  errata grade FILE.jsonl | --serve     {"gold","answer"} a line in; the same with "equal": true|false|null and "why" out
  errata reflect --model M              the model's own reading of each error in the pool
      --attempts ID,ID,… --samples N --max-tokens N --seed S
  errata pool list | show ID | stats | backup FILE
  errata run RECIPE.json [--detach]     fine-tune; Ctrl+C stops with a checkpoint, --resume ID goes on
  errata runs [stop ID | remove ID]
  errata compare MODEL_A MODEL_B PROBLEMS
      --group G --limit N --max-tokens N --seed S
  errata models [list | remove ID [--files]]
  errata models add SOURCE              a folder; OWNER/NAME of the Hugging Face hub; a server's http://…/v1
      --graph onnx/model_q4.onnx --convert int4|fp32|fp16 --revision R --name N --store DIR --model NAME

  --workspace DIR   where .errata lies (default: the current folder)
  --json [FILE]     the answer for machines, to standard output or into FILE
  MODEL is an id of \`.errata/models.json\` or a folder.
`;

/** Exit status: 0, 1 failed, 2 wrong use. */
async function main(args: readonly string[]): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "" || name === "help" || args.includes("--help") || args.includes("-h")) {
    console.log(HELP);
    return name === "" ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const context = new Context();
  const interrupt = () => {
    context.interrupt();
    process.stderr.write("\nStopping; what was done is kept. Once more ends at once.\n");
    process.once("SIGINT", () => process.exit(130));
  };
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    if (!command) throw new UsageError(`"${name}" is no command of errata.`);
    const status = await command(rest, context);
    if (context.signal.aborted) return 1;
    return typeof status === "number" ? status : 0;
  } catch (error) {
    context.progress.close();
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\nSee \`errata help\`.`);
      return 2;
    }
    if (context.signal.aborted) return 1;
    if (!(error instanceof ErrataError)) throw error;
    console.error(error.hint ? `${error.message}\n${error.hint}` : error.message);
    return 1;
  } finally {
    await context.close();
  }
}

// `errata pool list | head`: a reader that went away is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
