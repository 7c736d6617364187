"""Run under torchrun: loss and gradients of one batch whose episodes are given, into a file.

`python -m torch.distributed.run --nproc_per_node N ranks_s2r.py FOLDER OUT`
"""

import sys
from pathlib import Path

import torch
from probes import Boxed
from test_s2r import GROUP, scatter, script

from errata_trainer.build import build_trainer
from errata_trainer.events import EventLog
from errata_trainer.recipe import load_job
from errata_trainer.run import leave_ranks


def main(folder: Path, out: Path) -> None:
    torch.set_num_threads(1)
    trainer = build_trainer(load_job(folder), EventLog(folder, enabled=False), cuda=False)
    trainer.grader = Boxed()
    trainer.create_optimizer()
    trainer.current_gradient_accumulation_steps = 1
    scatter(trainer)
    ranks, rank = trainer.accelerator.num_processes, trainer.accelerator.process_index
    # Every rank has its part of the rows, as TRL deals them out: a group may lie on several.
    own = len(GROUP) // ranks
    script(trainer, GROUP[rank * own : (rank + 1) * own])
    batch = trainer._generate_and_score_completions([{"place": 0}] * own)
    # Another policy sampled, by an amount that follows from the token: ratios leave the clip range.
    batch["old_per_token_logps"] = trainer.policy_logps(batch) + 0.1 * (batch["completion_ids"] % 7 - 3)
    loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    found = {
        "loss": trainer.accelerator.reduce(loss.detach(), "mean"),
        "gradients": [trainer.accelerator.reduce(w.grad, "mean") for w in trainer.model.parameters()],
    }
    if rank == 0:
        torch.save(found, out)
    trainer.accelerator.wait_for_everyone()
    leave_ranks()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
