"""One rollout of a step, from its task to its advantage."""

from dataclasses import dataclass, field
from typing import Any

from errata_trainer.prompts import Messages
from errata_trainer.recipe import Problem
from errata_trainer.reflection import Reflection


@dataclass(frozen=True)
class Task:
    """What the model is asked in one place of a step: a problem, or a problem with a wrong solution of it."""

    problem: Problem
    messages: Messages
    wrong: str | None = None
    """The wrong solution, in the correction stage."""


@dataclass
class Rollout:
    """One sampled completion. The fields without a default are known before it is sampled."""

    place: int
    """Which task of the step: its group."""
    task: Task
    ids: list[int] = field(default_factory=list)
    """Generated tokens, the end token included when there was one."""
    text: str = ""
    reflection: Reflection | None = None
    answer: str | None = None
    verdict: str = "unscored"
    advantage: float = 0.0
    learning_tokens: int = 0
    """Tokens that receive a policy gradient."""
    analysis_tokens: int = 0
    """From the `Analysis` heading through the marker."""

    @property
    def reward(self) -> float | None:
        """1 when right (and, for a reflection, parsed), 0 when wrong, truncated or without any answer.

        None when there is an answer and nobody can tell. To give no answer must not be a way out
        of being wrong, though the grader calls that unscored too.
        """
        if self.verdict == "unscored" and self.answer is not None:
            return None
        return float(self.verdict == "correct")

    def record(self, stage: str) -> dict[str, Any]:
        """A line of `rollouts/step-N.jsonl` (src/protocol/events.ts)."""
        row: dict[str, Any] = {
            "problem_id": self.task.problem.id,
            "problem": self.task.problem.problem,
            "gold": self.task.problem.gold,
            "stage": stage,
            "completion": self.text,
            "answer": self.answer,
            "verdict": self.verdict,
            "reward": self.reward or 0.0,
            "advantage": self.advantage,
            "tokens": len(self.ids),
            "learning_tokens": self.learning_tokens,
        }
        if self.task.wrong is not None:
            row["wrong"] = self.task.wrong
        if self.reflection is not None and self.reflection.start >= 0:
            row["analysis"] = self.reflection.analysis
        return row
