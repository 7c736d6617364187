"""A base model whose solutions check themselves, for E12: the embedded one, taught to put its answer into its lines.

After `x=v` a solution says what the sides of the problem and then of each of its lines come to at v, until they are
equal: a right answer satisfies the problem at once, a wrong one satisfies the lines from its error on, so that the
checks say where it is. Some of the attempts that fail the check go on to an analysis and a corrected solution, in the
words of the second turn, right as often as there. Whether a model heeds its checks is left for training to improve.
"""

import os
import random
from pathlib import Path

import torch
from demo import dialogue, export, tokenizer, train
from demo.dialogue import Attempt
from demo.network import CONTEXT
from demo.task import MAX_NUMBER, Problem, answer_of, draw_errors, draw_problem
from demo.tokenizer import QUESTION, REFLECT
from demo.truth import is_right, value_at
from transformers import AutoModelForCausalLM

P_HEEDED = 0.3
"""A failed check is followed by an analysis and a corrected solution, not by the wrong answer."""
P_REFLECTED = 0.8
"""A wrong answer is followed by a second turn."""
PHASE = train.Phase("checked", steps=1600, lr=1.5e-3, lr_end=1e-4)
WORDS = tokenizer.build_tokenizer()


def checks(problem: Problem, lines: list[str]) -> list[str]:
    """Both sides at the attempt's own answer, of the problem and then of each line, until they are equal.

    None of them where the answer is no integer, or a side's value is no number that the tokenizer has.
    """
    answer = answer_of(lines)
    out: list[str] = []
    if answer.denominator != 1:
        return out
    for equation in (problem.equation, *lines):
        left, right = (value_at(side, int(answer)) for side in equation.split("="))
        if any(value.denominator != 1 or abs(value) > MAX_NUMBER for value in (left, right)):
            return []
        out.append(f"{left}={right}")
        if left == right:
            break
    return out


def written(attempt: Attempt, rng: random.Random) -> tuple[str, bool]:
    """An attempt with its checks, and with a corrected solution where it heeds them; and whether it ends right."""
    lines, box = attempt.text.rsplit("\n", 1)
    text = "\n".join([lines, *(f"${check}$" for check in checks(attempt.problem, attempt.lines))])
    if attempt.right or rng.random() >= P_HEEDED:
        return f"{text}\n{box}", attempt.right
    mended = dialogue.reflection(attempt, rng)
    return f"{text}\n{mended}", is_right(attempt.problem, mended)


def conversation(rng: random.Random) -> train.Conversation:
    """A natural attempt that checks itself, followed, where it ends wrong, by a reflection on its first solution."""
    while True:
        problem = draw_problem(rng, heldout=False)
        attempt = Attempt(problem, draw_errors(problem, rng))
        text, right = written(attempt, rng)
        turns = [(f"{QUESTION}{problem.text}<a>", False), (f"{text}<eos>", True)]
        if not right and attempt.first_error and rng.random() < P_REFLECTED:
            turns += [(REFLECT, False), (f"{dialogue.reflection(attempt, rng)}<eos>", True)]
        if len(train.encode(WORDS, turns)[0]) <= CONTEXT:
            return turns


def make(base: Path, folder: Path) -> None:
    """Trains it from `base` into `folder`, once: about ten minutes on one thread."""
    if folder.exists():
        return
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    train.run_phase(model, WORDS, PHASE, conversation, 12, lambda line: print(line, flush=True))
    scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
    export.save_trainable(model, scratch)
    scratch.replace(folder)
