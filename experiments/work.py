"""One run of the plan and where its result is kept; a module of its own, so that worker processes find it."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from experiments import report
from experiments.plan import Arm
from experiments.runs import run_arm, run_base

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Work:
    """One run to do; None as arm is the base model called `base`."""

    arm: Arm | None
    seed: int
    base: str = "demo"

    @property
    def file(self) -> Path:
        """Where its result is kept: arms that several experiments share are run once."""
        name = report.key(self.arm) if self.arm else report.base_key(self.base)
        return RESULTS / f"{name}-{self.seed}.json"


def do(work: Work) -> Path:
    """One run, in a process of its own."""
    torch.set_num_threads(1)
    result = run_arm(work.arm, work.seed) if work.arm else run_base(work.base, work.seed)
    work.file.parent.mkdir(exist_ok=True)
    scratch = work.file.with_suffix(".tmp")
    scratch.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    scratch.replace(work.file)
    return work.file
