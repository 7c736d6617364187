"""`python -m experiments.bench_steps ARM STEPS SEED`: how long a trainer's steps take; prints JSON.

ARM: trl (TRL's own GRPOTrainer, as it comes), grpo or scrpo (ours). All begin with the same weights and see the
same problems in the same order, with the same configuration and the same grader.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from datasets import Dataset
from errata_trainer.build import build_trainer, load_model, load_tokenizer
from errata_trainer.config import grpo_config
from errata_trainer.defaults import complete
from errata_trainer.events import EventLog
from errata_trainer.grader import NodeGrader
from errata_trainer.recipe import load_job
from errata_trainer.schedule import visited
from transformers import TrainerCallback
from trl import GRPOTrainer

from experiments.runs import GRADER, HF, SCHEMA, write_folder


class Clock(TrainerCallback):
    """Seconds of each step: of this process's processor time, and on the wall."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []
        self.tokens = lambda: 0
        """Generated so far."""

    def on_step_begin(self, *_: object, **__: object) -> None:
        """Start."""
        self.before = self.tokens()
        self.began = time.process_time(), time.perf_counter()

    def on_step_end(self, *_: object, **__: object) -> None:
        """Stop."""
        cpu, wall = time.process_time() - self.began[0], time.perf_counter() - self.began[1]
        self.steps.append({"cpu": cpu, "wall": wall, "tokens": self.tokens() - self.before})


def main() -> None:
    """One arm."""
    arm, steps, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    recipe = {
        "method": "scrpo" if arm == "scrpo" else "grpo", "model": "demo-base", "problems": "train.jsonl",
        "seed": seed, "max_steps": steps, "data": {"take": "none"}, "checkpoint_every": 1000, "export": "none",
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        write_folder(folder, complete(recipe, json.loads(SCHEMA.read_text())), HF, [])
        job, log, clock = load_job(folder), EventLog(folder), Clock()
        if arm == "trl":
            grader, tokens = NodeGrader(GRADER), [0]
            clock.tokens = lambda: tokens[0]
            order = visited(0, steps * job.recipe["problems_per_step"], len(job.problems), seed)
            rows = [
                {"prompt": job.solve.messages(problem=job.problems[i].problem), "gold": job.problems[i].gold}
                for i in order
            ]

            def reward(completions: list, completion_ids: list, gold: list, **_: object) -> list[float]:
                tokens[0] += sum(map(len, completion_ids))
                grades = grader.grade([(c[0]["content"], g) for c, g in zip(completions, gold, strict=True)])
                return [float(g.verdict == "correct") for g in grades]

            model, tokenizer = load_model(job), load_tokenizer(job)
            trainer = GRPOTrainer(
                model, reward, grpo_config(job, cuda=False), Dataset.from_list(rows), processing_class=tokenizer
            )
        else:
            trainer = build_trainer(job, log, cuda=False)
            grader = trainer.grader
            clock.tokens = lambda: trainer.recorder.tokens
        trainer.add_callback(clock)
        trainer.train()
        grader.close()
    print(json.dumps(clock.steps))


if __name__ == "__main__":
    main()
