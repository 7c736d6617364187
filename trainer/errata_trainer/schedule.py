"""A step's stage, its problems and its share of the learning rate. All follow from numbers alone."""

import math
import random
from functools import lru_cache
from typing import Any

import numpy as np
import torch

TRIAL, CORRECTION = "trial", "correction"


def planned_stage(step: int, cycle: tuple[int, int]) -> str:
    """Stage of step 1, 2, …: `cycle[0]` steps of trial, then `cycle[1]` of correction, repeated."""
    trial, correction = cycle
    return TRIAL if (step - 1) % (trial + correction) < trial else CORRECTION


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> list[int]:
    order = list(range(count))
    random.Random(f"problems {seed} {epoch}").shuffle(order)
    return order


def visited(first: int, places: int, count: int, seed: int) -> list[int]:
    """Indices of the problems of visits `first`, `first` + 1, …: every one of `count` problems once an epoch."""
    return [_order(seed, place // count, count)[place % count] for place in range(first, first + places)]


def seed_step(*words: int) -> None:
    """Random numbers that depend on these words alone."""
    torch.manual_seed(int(np.random.SeedSequence(words).generate_state(1)[0]))


def rate_factor(recipe: dict[str, Any], step: int) -> float:
    """Warm-up, then constant, linear or cosine decay to 0 after the last step; in 0..1."""
    warm, steps = recipe["warmup_steps"], recipe["max_steps"]
    if step <= warm:
        return step / (warm + 1)
    done = (step - 1 - warm) / max(1, steps - warm)
    return {"constant": 1.0, "linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2}[recipe["lr_schedule"]]
