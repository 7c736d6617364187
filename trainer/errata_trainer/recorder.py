"""From a step's rollouts and TRL's log to the events of the run."""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from errata_trainer.alarms import Alarms, StepFacts
from errata_trainer.events import EventLog
from errata_trainer.pool import ErrorPool
from errata_trainer.rollout import Rollout

FROM_TRL = {
    "loss": "loss",
    "kl": "kl",
    "entropy": "entropy",
    "grad_norm": "grad_norm",
    "clip_ratio/region_mean": "clip_ratio",
}
"""TRL's name of a metric → ours. TRL's entropy and KL are means over the tokens that learn."""


class Recorder:
    """Writes rollouts as they are scored, and one metrics event when the step is done."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.alarms = Alarms()
        self.tokens = 0
        """Generated so far."""
        self._began = time.perf_counter()
        self._rows: list[Rollout] = []
        self._metrics: dict[str, Any] = {}

    def step_begins(self) -> None:
        """Start the step's clock."""
        self._began = time.perf_counter()

    def scored(
        self,
        step: int,
        stage: str,
        rows: list[Rollout],
        pool: ErrorPool,
        admitted: int,
        evicted: int,
        learning_rate: float,
    ) -> None:
        """Take the rollouts of a step, of all ranks; those of one place are a group."""
        self._rows = rows
        tokens = sum(len(r.ids) for r in rows)
        self.tokens += tokens
        rewards = [r.reward for r in rows if r.reward is not None]
        scored = sum(r.verdict != "unscored" for r in rows)
        self._metrics = {
            "step": step,
            "stage": stage,
            "reward": sum(rewards) / len(rewards) if rewards else 0.0,
            "accuracy": sum(r.verdict == "correct" for r in rows) / scored if scored else 0.0,
            "learning_rate": learning_rate,
            "analysis_length": median_analysis(rows),
            "completion_length": tokens / len(rows),
            "zero_variance": zero_variance_share(rows),
            "pool_size": len(pool),
            "pool_unique": pool.unique,
            "pool_admitted": admitted,
            "pool_evicted": evicted,
            "tokens": self.tokens,
        }
        self.log.rollouts(step, (r.record(stage) for r in rows))

    def logged(self, logs: dict[str, Any]) -> None:
        """Take TRL's log of the same step and write the event, and the alarms that it sets off."""
        metrics = self._metrics | {ours: logs.get(theirs) for theirs, ours in FROM_TRL.items()}
        seconds = time.perf_counter() - self._began
        metrics["step_seconds"] = seconds
        metrics["tokens_per_second"] = sum(len(r.ids) for r in self._rows) / seconds
        self.log.emit("metrics", **metrics)
        facts = StepFacts(**{key: metrics.get(key) for key in StepFacts.__dataclass_fields__})
        for kind, message in self.alarms.observe(facts, self._rows):
            self.log.emit("alarm", step=facts.step, kind=kind, message=message)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"tokens": self.tokens, "alarms": self.alarms.state()}

    def load(self, state: dict[str, Any]) -> None:
        """Take a checkpoint's state."""
        self.tokens = state["tokens"]
        self.alarms.load(state["alarms"])


def zero_variance_share(rows: Sequence[Rollout]) -> float:
    """Share of groups whose scored rewards are all equal: their advantages are all zero."""
    groups: dict[int, set[float]] = {}
    for row in rows:
        group = groups.setdefault(row.place, set())
        if row.reward is not None:
            group.add(row.reward)
    return sum(len(rewards) <= 1 for rewards in groups.values()) / len(groups)


def median_analysis(rows: Sequence[Rollout]) -> float | None:
    """Median tokens of the analyses that were found; None when there is none."""
    lengths = [r.analysis_tokens for r in rows if r.reflection and r.reflection.start >= 0]
    return float(median(lengths)) if lengths else None
