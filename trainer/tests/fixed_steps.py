"""Steps of runs whose completions follow from the prompts alone: loss and gradients of every step.

`python fixed_steps.py FOLDER…`, also under torchrun: writes FOLDER/steps.pt for each.
"""

import os
import random
import sys
from collections import Counter
from pathlib import Path
from zlib import crc32

import torch
from transformers import TrainerCallback

from errata_trainer.build import build_trainer
from errata_trainer.callback import RunCallback
from errata_trainer.events import EventLog
from errata_trainer.grader import Grade
from errata_trainer.recipe import load_job
from errata_trainer.run import leave_ranks
from errata_trainer.stop import StopRequest

REFLECTION = "Analysis: Line {}, sign error: should be ${}x=4$.\nCorrected Solution:\n$x={}$\n\\boxed{{{}}}"


class Chance:
    """Right or wrong by the text's checksum."""

    def grade(self, pairs):
        return [Grade("correct" if crc32(text.encode()) % 2 else "incorrect", text[-4:]) for text, _ in pairs]

    def close(self):
        pass


class Steps(TrainerCallback):
    """Keeps the gradients before each step of the optimiser, and the loss after it."""

    def __init__(self):
        self.gradients, self.losses = [], []

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        grads = [p.grad for p in model.parameters() if p.requires_grad]
        parts = [torch.zeros(1) if grad is None else grad.flatten().clone() for grad in grads]
        self.gradients.append(torch.cat(parts))

    def on_log(self, args, state, control, logs=None, **_):
        if logs and "loss" in logs:
            self.losses.append(logs["loss"])


def answer(tokenizer, prompt, number):
    """What the model says to a prompt when it is asked the n-th time in one step: of the kind that is asked for."""
    rng = random.Random(crc32(repr((prompt, number)).encode()))
    a, b = rng.randint(2, 40), rng.randint(2, 40)
    text = f"$x={a}$\n" * rng.randint(1, 3) + f"\\boxed{{{a}}}"
    asked = tokenizer.convert_ids_to_tokens(prompt[-1])
    if asked == "<r>":
        text = REFLECTION.format(a, b, a, a)
    elif asked == "<v>":
        text = rng.choice(["Verdict: right", "Verdict: wrong", "$1=1$"])
    return tokenizer(text)["input_ids"] + [tokenizer.eos_token_id]


def steps_of(folder):
    """Take a run's steps; the main rank writes steps.pt beside its rollouts."""
    log = EventLog(folder, enabled=int(os.environ.get("RANK", "0")) == 0)
    trainer = build_trainer(load_job(folder), log, cuda=False)
    trainer.grader.close()
    trainer.grader = Chance()

    def sample(prompts, copies=1):
        asked = Counter()
        out = []
        for prompt in prompts:
            out.append((answer(trainer._tokenizer, prompt, asked[tuple(prompt)]), None))
            asked[tuple(prompt)] += 1
        return out

    trainer.sample = sample
    # Away from the reference, so that there is a KL to speak of.
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in trainer.model.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
    steps = Steps()
    trainer.add_callback(RunCallback(trainer.recorder, StopRequest(folder)))
    trainer.add_callback(steps)
    trainer.train()
    if trainer.accelerator.is_main_process:
        torch.save({"losses": steps.losses, "gradients": steps.gradients}, folder / "steps.pt")
    trainer.accelerator.wait_for_everyone()


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:]:
        steps_of(Path(name))
    leave_ranks()
