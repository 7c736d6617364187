"""From a step's rollouts and TRL's log to the events of the run."""

import time
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch

from errata_trainer.alarms import Alarms, StepFacts
from errata_trainer.events import EventLog
from errata_trainer.rollout import Rollout, groups_of

FROM_TRL = {
    "loss": "loss",
    "kl": "kl",
    "entropy": "entropy",
    "grad_norm": "grad_norm",
    "clip_ratio/region_mean": "clip_ratio",
    "mean_token_accuracy": "token_accuracy",
    "logps/chosen": "chosen_logp",
    "logps/rejected": "rejected_logp",
    "rewards/margins": "margin",
    "rewards/accuracies": "margin_accuracy",
}
"""TRL's name of a metric → ours. TRL's entropy and KL are means over the tokens that count in Z."""


class Recorder:
    """Writes rollouts as they are scored, and one metrics event when the step is done."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.alarms = Alarms()
        self.tokens = 0
        """Generated so far."""
        self._began = time.perf_counter()
        self._rows: list[Rollout] = []
        self._elsewhere = 0
        self._metrics: dict[str, Any] = {}

    def step_begins(self) -> None:
        """Start the step's clock."""
        self._began, self._elsewhere = time.perf_counter(), 0

    def also_generated(self, tokens: int) -> None:
        """Tokens of the step that are in none of its rollouts: they were generated all the same."""
        self.tokens += tokens
        self._elsewhere += tokens

    def scored(self, step: int, stage: str, rows: list[Rollout], learning_rate: float, figures: dict[str, Any]) -> None:
        """Take the rollouts of a step, of all ranks; those of one place are a group. `figures` are the method's own."""
        self._rows = rows
        tokens = sum(r.sampled for r in rows)
        self.tokens += tokens
        rewards = [r.reward for r in rows if r.reward is not None]
        self._metrics = {
            "step": step,
            "stage": stage,
            "reward": sum(rewards) / len(rewards) if rewards else 0.0,
            **verdict_shares(rows),
            "learning_rate": learning_rate,
            "analysis_length": median_analysis(rows),
            "completion_length": tokens / len(rows),
            "variance": mean_variance(rows),
            "zero_variance": zero_variance_share(rows),
            "tokens": self.tokens,
            **figures,
        }
        self.log.rollouts(step, (r.record(stage) for r in rows))

    def began(self, step: int, stage: str, **figures: Any) -> None:
        """A step that samples nothing: what is known of it before TRL's log comes."""
        self._rows, self._metrics = [], {"step": step, "stage": stage, **figures}

    def logged(self, logs: dict[str, Any]) -> None:
        """Take TRL's log of the same step and write the event, and the alarms that it sets off."""
        metrics = self._metrics | {ours: logs.get(theirs) for theirs, ours in FROM_TRL.items()}
        seconds = time.perf_counter() - self._began
        metrics["step_seconds"] = seconds
        if self._rows:
            metrics["tokens_per_second"] = (sum(r.sampled for r in self._rows) + self._elsewhere) / seconds
        metrics["gpu_memory"] = gpu_memory()
        self.log.emit("metrics", **metrics)
        if not self._rows:
            return
        facts = StepFacts(**{key: metrics[key] for key in StepFacts.__dataclass_fields__ if key in metrics})
        for kind, message in self.alarms.observe(facts, self._rows):
            self.log.emit("alarm", step=facts.step, kind=kind, message=message)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"tokens": self.tokens, "alarms": self.alarms.state()}

    def load(self, state: dict[str, Any]) -> None:
        """Take a checkpoint's state."""
        self.tokens = state["tokens"]
        self.alarms.load(state["alarms"])


def gpu_memory() -> float | None:
    """Most memory that this process's tensors ever took on its GPU, in GiB; None without one."""
    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None


def verdict_shares(rows: Sequence[Rollout]) -> dict[str, float]:
    """Accuracy, of the rollouts that are scored; and how many are not, or are cut off, of all of them."""
    counts = Counter(row.verdict for row in rows)
    scored = len(rows) - counts["unscored"]
    return {
        "accuracy": counts["correct"] / scored if scored else 0.0,
        "unscored": counts["unscored"] / len(rows),
        "truncated": counts["truncated"] / len(rows),
    }


def mean_variance(rows: Sequence[Rollout]) -> float:
    """Mean over groups of p(1-p), p the share of right among the scored."""
    groups = groups_of(row for row in rows if row.verdict != "unscored")
    shares = [sum(row.verdict == "correct" for row in group) / len(group) for group in groups]
    return sum(p * (1 - p) for p in shares) / len(shares) if shares else 0.0


def zero_variance_share(rows: Sequence[Rollout]) -> float:
    """Share of groups whose scored rewards are all equal: their advantages are all zero."""
    rewards = [{row.reward for row in group if row.reward is not None} for group in groups_of(rows)]
    return sum(len(different) <= 1 for different in rewards) / len(rewards)


def median_analysis(rows: Sequence[Rollout]) -> float | None:
    """Median tokens of the analyses that were found; None when there is none."""
    lengths = [r.analysis_tokens for r in rows if r.reflection and r.reflection.start >= 0]
    return float(median(lengths)) if lengths else None
