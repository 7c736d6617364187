"""The run's own error pool: wrong solutions waiting to be reflected on."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import log2
from typing import Any


@dataclass
class PoolError:
    """One wrong solution."""

    problem_id: str
    problem: str
    gold: str
    solution: str
    answer: str | None
    wrong_line: str
    """First line that no right attempt of its group has; the first line when there is none to compare with."""
    order: int = 0
    """Admission number; the smallest is the oldest."""
    uses: int = 0
    step: int = 0
    """When it was admitted; 0 for errors that the run began with."""
    error_type: str | None = None
    """Known of errors that the run began with, where somebody named it."""

    @property
    def signature(self) -> tuple[str, str | None, str]:
        """Two errors with the same signature are the same mistake."""
        return self.problem_id, self.answer, self.wrong_line


def first_differing_line(wrong: str, right: Iterable[str]) -> str:
    """First line of `wrong` that stands in none of the right solutions; "" when every line does."""
    known = {line.strip() for solution in right for line in solution.splitlines()}
    lines = [line.strip() for line in wrong.splitlines() if line.strip()]
    return next((line for line in lines if line not in known), "")


class ErrorPool:
    """Bounded, deduplicated, oldest out; each error is used at most `max_uses` times."""

    def __init__(self, max_size: int, per_problem: int, max_uses: int) -> None:
        self.max_size, self.per_problem, self.max_uses = max_size, per_problem, max_uses
        self.errors: list[PoolError] = []
        self.admitted = 0
        """Ever."""
        self.evicted = 0
        """Ever, by size; errors that were used up are not counted."""
        self.repeats = 0.0
        """Share of the last visit's wrong solutions whose signature the pool already held."""

    def __len__(self) -> int:
        return len(self.errors)

    @property
    def unique(self) -> float:
        """Unique problems over size; 0 when empty."""
        return len({e.problem_id for e in self.errors}) / len(self.errors) if self.errors else 0.0

    @property
    def top(self) -> float:
        """Share of the problem with most errors; 0 when empty."""
        counts = Counter(e.problem_id for e in self.errors)
        return max(counts.values()) / len(self.errors) if self.errors else 0.0

    @property
    def typed(self) -> float:
        """Share of the errors whose type is known; 0 when empty."""
        return sum(e.error_type is not None for e in self.errors) / len(self.errors) if self.errors else 0.0

    @property
    def type_entropy(self) -> float | None:
        """Entropy of the known error types, in bits: 0 when all are of one type; None when none is known."""
        counts = Counter(e.error_type for e in self.errors if e.error_type is not None)
        total = sum(counts.values())
        return sum(n / total * log2(total / n) for n in counts.values()) if counts else None

    def age(self, step: int) -> float:
        """Mean number of steps since admission; 0 when empty."""
        return sum(step - e.step for e in self.errors) / len(self.errors) if self.errors else 0.0

    def admit(self, candidates: Iterable[PoolError], step: int = 0) -> int:
        """Take wrong solutions of one visit, in order; at most `per_problem` of each problem. Returns how many."""
        known = {e.signature for e in self.errors}
        taken: Counter[str] = Counter()
        seen = repeated = 0
        for error in candidates:
            seen += 1
            if error.signature in known:
                repeated += 1
                continue
            if taken[error.problem_id] >= self.per_problem:
                continue
            known.add(error.signature)
            taken[error.problem_id] += 1
            self.admitted += 1
            error.order, error.step = self.admitted, step
            self.errors.append(error)
        self.repeats = repeated / seen if seen else 0.0
        surplus = len(self.errors) - self.max_size
        if surplus > 0:
            self.errors.sort(key=lambda e: e.order)
            del self.errors[:surplus]
            self.evicted += surplus
        return sum(taken.values())

    @property
    def uses_left(self) -> int:
        """How often its errors may still be drawn, all together."""
        return sum(self.max_uses - e.uses for e in self.errors)

    def draw(self, count: int, rng: random.Random) -> list[PoolError]:
        """`count` errors, least used first and in random order among equals; each draw is one use.

        All of them come once before any comes twice. What has been used `max_uses` times leaves. Nothing is drawn
        where the uses that are left do not make `count`.
        """
        drawn: list[PoolError] = []
        if self.uses_left < count:
            return drawn
        while len(drawn) < count:
            ranked = sorted(self.errors, key=lambda e: (e.uses, rng.random()))
            for error in ranked[: count - len(drawn)]:
                error.uses += 1
                drawn.append(error)
            self.errors = [e for e in self.errors if e.uses < self.max_uses]
        return drawn

    def state(self) -> dict[str, Any]:
        """Everything, as JSON, for a checkpoint."""
        return {"admitted": self.admitted, "evicted": self.evicted, "errors": [asdict(e) for e in self.errors]}

    def load(self, state: dict[str, Any]) -> None:
        """Take a checkpoint's state."""
        self.admitted, self.evicted = state["admitted"], state["evicted"]
        self.errors = [PoolError(**e) for e in state["errors"]]
