"""Makes the embedded model and its problems again: `python -m demo.make_model`.

One thread, about 25 minutes when the core is its own. `--quick` takes a minute or two and gives
a useless model in the same layout, to try the pipeline.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from demo import export, measure, network, problem_sets, report, tokenizer, train

PHASES = (
    (train.Phase("clean", steps=2800, lr=4e-3, lr_end=1.6e-3), train.clean_conversation),
    (train.Phase("natural", steps=2400, lr=2.5e-3, lr_end=1e-4), train.natural_conversation),
)
QUICK_STEPS = 150


def arguments() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_STEPS} steps a phase")
    parser.add_argument("--keep", type=Path, help="existing folder for the weights after each phase; found, reused")
    parser.add_argument("--machine", default="CPU", help="how the report names this machine")
    return parser.parse_args()


def main() -> None:
    """Problem sets, training, export, measurement, README."""
    options = arguments()
    torch.set_num_threads(options.threads)
    out: Path = options.out
    problem_sets.write_sets(out / "problems", options.seed)
    words = tokenizer.build_tokenizer()
    model = network.new_model(options.seed)
    made: dict = {
        "seed": options.seed,
        "threads": options.threads,
        "machine": options.machine,
        "torch": torch.__version__,
        "parameters": model.num_parameters(),
        "vocabulary": len(words),
        "phases": [],
    }
    for number, (phase, make) in enumerate(PHASES, start=1):
        kept = options.keep and options.keep / f"{phase.name}.pt"
        if kept and kept.exists():
            saved = torch.load(kept)
            model.load_state_dict(saved["weights"])
            made["phases"].append(saved["phase"])
            continue
        if options.quick:
            phase = train.Phase(phase.name, QUICK_STEPS, phase.lr, phase.lr_end)
        done = train.run_phase(model, words, phase, make, options.seed * 10 + number, log)
        made["phases"].append(done)
        if kept:
            torch.save({"weights": model.state_dict(), "phase": done}, kept)
    start = time.monotonic()
    export.save_trainable(model, out / "model" / "hf")
    export.export_onnx(out / "model" / "hf", out / "model")
    made["export_seconds"] = round(time.monotonic() - start)
    start = time.monotonic()
    rows = problem_sets.read_set(out / "problems" / "heldout.jsonl")
    base = measure.measure(model, words, rows, options.seed)
    made["measure_seconds"] = round(time.monotonic() - start)
    text = json.dumps({"made": made, "base": base}, indent=1, ensure_ascii=False)
    (out / "report.json").write_text(text + "\n")
    if (out / "README.md").exists():
        report.write_readme(out)


def log(line: str) -> None:
    """Progress for people, at once even into a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
