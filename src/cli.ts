import { UsageError } from "./cli/arguments.js";
import { compare } from "./cli/compare.js";
import { Context } from "./cli/context.js";
import { demo } from "./cli/demo.js";
import { doctor } from "./cli/doctor.js";
import { exportCommand } from "./cli/export.js";
import { grade } from "./cli/grade.js";
import { group } from "./cli/group.js";
import { importCommand } from "./cli/import.js";
import { models } from "./cli/models.js";
import { opinions } from "./cli/opinions.js";
import { pool } from "./cli/pool.js";
import { recipe } from "./cli/recipe.js";
import { reflect } from "./cli/reflect.js";
import { regrade } from "./cli/regrade.js";
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
  opinions,
  regrade,
  group,
  pool,
  recipe,
  run,
  runs,
  compare,
  models,
  setup,
  export: exportCommand,
  import: importCommand,
};

const HELP = `errata: sample, read and correct the failures of math-reasoning models, and fine-tune on the corrections

  errata demo [--out DIR] [--quick]     the whole loop on the embedded model; prints and writes its report
  errata doctor                         what this machine can do, and how to mend what is missing
  errata setup [--folder DIR]           the Python environment for training; what is broken is mended
      --into PYTHON --torch-index URL
  errata setup --cuda                   the CUDA provider for sampling on an NVIDIA GPU (Linux x64)

  errata sample PROBLEMS --model M      try each problem G times, grade, fill the error pool
      --group G --temperature T --top-p P --top-k K --max-tokens N --seed S --limit N
  errata grade FILE.jsonl | --serve     {"gold","answer"} a line in; the same with "equal": true|false|null and "why" out
      --tolerance 0.01 --readers boxed,hash --units require
  errata reflect --model M              the model's own reading of each error in the pool
      --attempts ID,ID,… --samples N --max-tokens N --seed S
  errata opinions [math-verify | --command 'python my_grader.py' --name NAME]
      --version V --timeout SECONDS   another grader's word beside ours; alone: who said how much, what is in dispute
  errata regrade [--tolerance X --readers boxed,hash --units forgive|require] [--apply]
      what other settings of the grader would change; selected as for export
  errata regrade list | show ID | apply ID | undo ID | drop ID
  errata group ATTEMPT | --problem N | --wrong-majority
      a group's answers by equivalence, its majority against the gold answer, pass@k
  errata pool list | show ID | stats | backup FILE
  errata pool merge FILE [--dry-run]    another pool into this one; nothing is lost, and twice adds nothing
  errata pool agreement [--a NAME --b NAME | --all]
      --seed S --resamples N   how far people agree, with 95 % intervals by problem; one NAME twice: with themselves
  errata export FORMAT --out FILE       for other tools: sft, dpo, kto, stepwise, processbench, prm800k, label-studio,
                                        grader-tests, inspect-scores, parquet; jsonl is everything, and another workspace's \`import\` takes it in
      --scope pool|all --attempts ID,ID,… --text T --level L --kind K --error-type E --label L --model M --reviewed
      --verdict V,V --dispute any|disagree|imported|unsure
      --annotator NAME   only this person's words count      --force   replace FILE
  errata import FILE …                  a log of another tool, a table of attempts, or an export of another workspace;
                                        the same file twice adds nothing
      --dry-run   what it holds and what would be taken; writes nothing
      --map problem=COLUMN,text=COLUMN,gold=,id=,model=,sample=,score=,level=,kind=   of a plain table
      --set NAME --model NAME   where the log has none      --run NAME   take it in once more, as another run
      --requests FILE   the request file of a batch output
      --problems FILE   the problem set that was asked, where the log has no gold answers: found by their text
  errata recipe METHOD --model M --problems P [--out FILE]
      --size small|large|full   a recipe to begin with; \`errata recipe\` lists the methods
  errata run RECIPE.json [--detach]     fine-tune; Ctrl+C stops with a checkpoint, --resume ID goes on
      --dry-run     what it would do, take and learn from; starts nothing
      --trust-cluster   the recipe's Ray cluster may have the run; its token: ERRATA_RAY_TOKEN
  errata runs [stop ID | remove ID]
  errata compare MODEL_A MODEL_B PROBLEMS
      --group G --limit N --max-tokens N --seed S
      --intrinsic   a neutral second look at every first attempt: Acc@t1, Acc@t2, Δ
      --verify      each model judges its own first attempts
      --lift        reflections against a neutral text, and analyses shuffled among problems
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
