"""`python -m experiments.gpu_steps [--methods …] [--layers N --hidden N]`: two steps of each method on a random Qwen2.

The shape is Qwen2.5-1.5B's unless said otherwise; weights are random, so that nothing is downloaded. On a GPU the
trainer computes in bfloat16. Prints a table for docs/gpu.md: seconds of the second step, and the memory it took.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from errata_trainer.defaults import complete
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

from experiments.runs import HF, SCHEMA, TRAIN, seed_errors, train, write_folder

PRESETS = Path(__file__).resolve().parents[1] / "recipes"
STEPS = 2


def arguments() -> argparse.Namespace:
    """The command's options; without them Qwen2.5-1.5B."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="*", default=sorted(p.stem for p in PRESETS.glob("*.json")))
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument("--hidden", type=int, default=1536)
    parser.add_argument("--vocabulary", type=int, default=151_936)
    parser.add_argument("--rollouts", type=int, default=8, help="of each of 4 problems")
    parser.add_argument("--tokens", type=int, default=512, help="new tokens at most")
    return parser.parse_args()


def write_model(folder: Path, options: argparse.Namespace) -> int:
    """Random weights of the shape, with the embedded model's tokenizer; returns their number."""
    heads = max(1, options.hidden // 128)
    config = Qwen2Config(
        vocab_size=options.vocabulary,
        hidden_size=options.hidden,
        intermediate_size=options.hidden * 35 // 6,
        num_hidden_layers=options.layers,
        num_attention_heads=heads,
        num_key_value_heads=2 if heads % 2 == 0 else 1,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
        **{f"{end}_token_id": getattr(AutoTokenizer.from_pretrained(HF), f"{end}_token_id") for end in ("eos", "pad")},
    )
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(config)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(HF / name, folder)
    return model.num_parameters()


def pairs() -> list[dict[str, Any]]:
    """Wrong attempts of the embedded model, each with the problem's own solution as a right one of its group."""
    solutions = {row["id"]: row["solution"] for row in map(json.loads, TRAIN.read_text().splitlines())}
    wrong = [error | {"group": n} for n, error in enumerate(seed_errors("demo")[:64])]
    right = [e | {"solution": solutions[e["problem_id"]], "answer": e["gold"], "verdict": "correct"} for e in wrong]
    return wrong + right


def main() -> None:
    """One line a method."""
    options = arguments()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    errors = pairs()
    with tempfile.TemporaryDirectory() as scratch:
        size = write_model(Path(scratch) / "model", options)
        print(f"{device}, torch {torch.__version__}, {size / 1e9:.2f} billion random weights\n")
        print("| preset | seconds a step | generated tokens | peak GiB | |\n|---|---|---|---|---|")
        for name in options.methods:
            preset = json.loads((PRESETS / f"{name}.json").read_text())
            recipe = preset["large"] | preset.get("full", {}) | {
                "method": preset["method"], "model": "random", "problems": "train.jsonl", "max_steps": STEPS,
                "problems_per_step": 4, "num_generations": options.rollouts, "micro_batch": 4,
                "max_completion_length": options.tokens, "export": "none", "checkpoint_every": 1000,
            }  # fmt: skip
            # A random model is never right: what learns from right attempts takes the set's own solutions.
            recipe |= {"filter": {"kind": "all"}, "dapo": {"max_batches": 1}}
            recipe |= {"sft": {"examples": ["gold"]}} if name == "sft" else {}
            recipe |= {"data": {"take": "all"}} if name == "dpo" else {}
            folder = Path(scratch) / name
            write_folder(folder, complete(recipe, json.loads(SCHEMA.read_text())), HF, errors)
            launch = json.loads((folder / "launch.json").read_text())
            (folder / "launch.json").write_text(json.dumps(launch | {"trainable": f"{scratch}/model"}))
            train(folder, None)
            events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
            steps = [e for e in events if e["type"] == "metrics"]
            said = "" if len(steps) == STEPS else str(events[-1].get("message", ""))[:200]
            last = steps[-1] if steps else {}
            tokens = last.get("tokens", 0) - (steps[-2].get("tokens", 0) if len(steps) > 1 else 0)
            memory = f"{last['gpu_memory']:.1f}" if "gpu_memory" in last else ""
            print(f"| {name} | {last.get('step_seconds', 0):.1f} | {tokens} | {memory} | {said} |", flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
