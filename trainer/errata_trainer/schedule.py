"""Which stage a step belongs to, and which problems a trial step visits. Both follow from numbers alone."""

import random
from functools import lru_cache

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


def visited(visit: int, per_step: int, count: int, seed: int) -> list[int]:
    """Indices of the problems of trial step number `visit` (0, 1, …): every problem once an epoch."""
    places = range(visit * per_step, (visit + 1) * per_step)
    return [_order(seed, place // count, count)[place % count] for place in places]
