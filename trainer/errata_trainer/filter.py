"""Which groups' wrong answers are telling. Computed on correctness, never on shaped rewards."""

from typing import Any

MIN_SCORED = 4
"""A group needs this many scored attempts to be judged at all (docs/methods.md)."""

EPSILON = 1e-9
"""Allows for the last digit of a quotient. The editor decides by the same rules (src/pool/filter.ts)."""


def relative_variance(correct: int, scored: int) -> float:
    """p(1-p) over its largest value at this group size, in 0..1."""
    largest = (scored // 2) * (scored - scored // 2)
    return correct * (scored - correct) / largest if largest else 0.0


def keeps(filter_: dict[str, Any], correct: int, scored: int) -> bool:
    """Does a group with `correct` of `scored` right answers pass?

    `scored` counts truncated attempts (as failures) and leaves unscored ones out.
    """
    kind = filter_["kind"]
    if kind == "all":
        return True
    if scored < MIN_SCORED:
        return False
    if kind == "mixed":
        return 0 < correct < scored
    if kind == "variance":
        return relative_variance(correct, scored) >= filter_.get("min", 0.5) - EPSILON
    if kind == "band":
        return filter_["low"] - EPSILON <= correct / scored <= filter_["high"] + EPSILON
    raise ValueError(f"unknown filter {kind!r}")
