"""Trains the base model on generated conversations, loss on the assistant's tokens alone.

Phase 1 shows right solutions only, so that the arithmetic is learnt first. Phase 2 shows
natural attempts, misconceptions included, each followed by a second turn. Every attempt is
trained on, whatever follows it, so that the first attempt's distribution is not skewed.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast, Qwen2ForCausalLM

from demo import dialogue
from demo.dialogue import Attempt
from demo.task import draw_errors, draw_problem
from demo.tokenizer import LOOK_AGAIN, QUESTION, REFLECT, VERIFY

# A turn is (text, whether it is learnt); a conversation is its turns in order.
Conversation = list[tuple[str, bool]]
IGNORED = -100  # what cross_entropy leaves out
PARTS = 2  # of a batch, each padded to its own longest row

# Shares of the second turns after a wrong and after a right first attempt. Verification and
# the neutral second look serve S²R and SCoRe and come after both, or the model would learn
# that a second turn means an error. A reflection is asked for only when the answer is wrong;
# the few right attempts given one in a trial taught the model to find no error in wrong ones.
SECOND_TURNS = {
    False: {REFLECT: 0.70, VERIFY: 0.15, LOOK_AGAIN: 0.11, "": 0.04},
    True: {VERIFY: 0.25, LOOK_AGAIN: 0.25, "": 0.50},
}


@dataclass(frozen=True)
class Phase:
    """The learning rate rises for `warmup` steps and then falls to `lr_end` as a cosine."""

    name: str
    steps: int
    lr: float
    lr_end: float
    batch: int = 32
    warmup: int = 100


def clean_conversation(rng: random.Random) -> Conversation:
    """A problem off the held-out side and its right solution."""
    problem = draw_problem(rng, heldout=False)
    text = Attempt(problem, frozenset()).text
    return [(f"{QUESTION}{problem.text}<a>", False), (f"{text}<eos>", True)]


def natural_conversation(rng: random.Random) -> Conversation:
    """A natural attempt and a second turn."""
    problem = draw_problem(rng, heldout=False)
    attempt = Attempt(problem, draw_errors(problem, rng))
    turns = [(f"{QUESTION}{problem.text}<a>", False), (f"{attempt.text}<eos>", True)]
    shares = SECOND_TURNS[attempt.right]
    kind = rng.choices(list(shares), list(shares.values()))[0]
    if kind == REFLECT:
        turns += [(REFLECT, False), (f"{dialogue.reflection(attempt, rng)}<eos>", True)]
    elif kind == LOOK_AGAIN:
        turns += [(LOOK_AGAIN, False), (f"{dialogue.second_look(attempt, rng)}<eos>", True)]
    elif kind == VERIFY:
        text, blamed = dialogue.verification(attempt, rng)
        turns += [(VERIFY, False), (f"{text}<eos>", True)]
        if blamed:
            again = dialogue.look_after_verdict(attempt, blamed, rng)
            turns += [(LOOK_AGAIN, False), (f"{again}<eos>", True)]
    return turns


def encode(tokenizer: PreTrainedTokenizerFast, talk: Conversation) -> tuple[list[int], list[int]]:
    """Token ids, and labels of the same length with IGNORED on what is not learnt."""
    ids: list[int] = []
    labels: list[int] = []
    for text, learnt in talk:
        piece = tokenizer.encode(text)
        ids += piece
        labels += piece if learnt else [IGNORED] * len(piece)
    return ids, labels


def batches(
    tokenizer: PreTrainedTokenizerFast,
    make: Callable[[random.Random], Conversation],
    rng: random.Random,
    size: int,
) -> Iterator[list[tuple[torch.Tensor, torch.Tensor]]]:
    """Endless batches, each as PARTS pairs (ids, labels) of [size / PARTS, longest].

    A batch mixes all forms (batches of one length each, hence of one form, learnt the
    arithmetic far worse); only its parts are sorted by length, so that little is padding.
    """
    while True:
        rows = sorted((encode(tokenizer, make(rng)) for _ in range(size)), key=_length)
        yield [pad(rows[i : i + size // PARTS]) for i in range(0, size, size // PARTS)]


def pad(rows: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, labels), both [rows, longest], padded on the right."""
    width = max(len(row) for row, _ in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    labels = torch.full_like(ids, IGNORED)
    for i, (row, learnt) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        labels[i, : len(row)] = torch.tensor(learnt)
    return ids, labels


def _length(row: tuple[list[int], list[int]]) -> int:
    return len(row[0])


def run_phase(
    model: Qwen2ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    phase: Phase,
    make: Callable[[random.Random], Conversation],
    seed: int,
    log: Callable[[str], None],
) -> dict[str, object]:
    """Trains in place; returns what the report says of the phase (times in seconds)."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=phase.lr, betas=(0.9, 0.95), weight_decay=0.05, fused=True)
    stream = batches(tokenizer, make, random.Random(seed), phase.batch)
    model.train()
    start, cpu, recent, learnt = time.monotonic(), time.process_time(), 0.0, 0
    for step in range(phase.steps):
        warm = min(1.0, (step + 1) / phase.warmup)
        cosine = (1 + math.cos(math.pi * step / phase.steps)) / 2
        for group in optimizer.param_groups:
            group["lr"] = warm * (phase.lr_end + (phase.lr - phase.lr_end) * cosine)
        parts = next(stream)
        count = sum(int((labels != IGNORED).sum()) for _, labels in parts)
        learnt += count
        optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for ids, labels in parts:
            # Padding on the right needs no attention mask: no learnt token looks to its right.
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1].flatten(0, 1)
            targets = labels[:, 1:].flatten()
            loss = torch.nn.functional.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum")
            (loss / count).backward()
            total += loss.item() / count
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent = total if step == 0 else 0.98 * recent + 0.02 * total
        if step % 500 == 0 or step == phase.steps - 1:
            seconds = time.monotonic() - start
            log(f"{phase.name} step {step} loss {recent:.4f} {seconds:.0f} s")
    return {
        "name": phase.name,
        "steps": phase.steps,
        "batch": phase.batch,
        "lr": f"{phase.lr:g} → {phase.lr_end:g}",
        "tokens_learnt": learnt,
        "seconds": round(time.monotonic() - start),
        "cpu_seconds": round(time.process_time() - cpu),
    }
