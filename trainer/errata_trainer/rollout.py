"""One rollout of a step: what was asked, what the model said in turn, and which of its tokens learn."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from errata_trainer.prompts import Messages
from errata_trainer.recipe import Problem
from errata_trainer.reflection import Reflection

SOLUTION, VERIFICATION, REFLECTION = "solution", "verification", "reflection"


@dataclass(frozen=True)
class Task:
    """What the model is asked in one place of a step: a problem, or a problem with a wrong solution of it."""

    problem: Problem
    messages: Messages
    wrong: str | None = None
    """The wrong solution, in the correction stage."""
    wrong_answer: str | None = None
    """Its answer."""


@dataclass
class Turn:
    """What the model said at one go."""

    kind: str
    """solution, verification or reflection."""
    start: int
    end: int
    """Its tokens are `ids[start:end]` of the rollout, the end token included when there was one."""
    text: str = ""
    reflection: Reflection | None = None
    answer: str | None = None
    verdict: str = "unscored"
    """Of a solution or a reflection by its answer; of a verification: `correct` when it tells the truth."""
    shaped: float | None = None
    """Its reward where that is not the plain one."""
    advantage: float = 0.0
    learning_tokens: int = 0
    apart: list[int] | None = None
    """Tokens of a turn that was said outside the sequence that learns, kept for the record; `start` is `end` then."""

    @property
    def tokens(self) -> int:
        """How many the model generated for it."""
        return self.end - self.start if self.apart is None else len(self.apart)

    @property
    def reward(self) -> float | None:
        """The plain reward, where the method has not shaped it."""
        return self.plain if self.shaped is None else self.shaped

    @property
    def plain(self) -> float | None:
        """1 when right (and, for a reflection, parsed), 0 when wrong, truncated or without any answer.

        None when there is an answer and nobody can tell. To give no answer must not be a way out
        of being wrong, though the grader calls that unscored too.
        """
        if self.verdict == "unscored" and self.answer is not None:
            return None
        return float(self.verdict == "correct")


@dataclass
class Learning:
    """What each of a rollout's T tokens receives. The gradient-mask preview is drawn from this."""

    policy: np.ndarray
    """[T] bool: the token's advantage counts. False on what the model did not say."""
    kl: np.ndarray
    """[T] float: weight of the KL to the reference; 0 is none."""
    counted: np.ndarray
    """[T] bool: the token counts in Z, the loss's denominator. Everything with a policy term or a KL does."""

    @classmethod
    def of(cls, policy: Any, kl: Any, counted: Any = None) -> "Learning":
        """From sequences of length T; Z counts what carries a term unless said otherwise."""
        policy, kl = np.asarray(policy, dtype=bool), np.asarray(kl, dtype=float)
        return cls(policy, kl, policy | (kl > 0) if counted is None else np.asarray(counted, dtype=bool))


@dataclass
class Rollout:
    """One sampled episode: one turn of the model, or several with what it was told between them."""

    place: int
    """Which task of the step: its group."""
    task: Task
    prompt_ids: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    """Every token after the prompt: the model's, and those of the turns between."""
    turns: list[Turn] = field(default_factory=list)
    logprobs: list[float] | None = None
    """Of `ids` under vLLM; None where transformers sampled."""
    advantage: float = 0.0
    """Of the rollout as a whole, where turns have none of their own."""
    learning_tokens: int = 0
    """Tokens that receive a policy gradient."""
    analysis_at: tuple[int, int] = (0, 0)
    """Its analysis is `ids[start:end]`: from the `Analysis` heading through the marker."""
    learning_analysis: int = 0
    """Tokens of it that receive a policy gradient."""
    cut: int = 0
    """Tokens that were generated and cut off."""

    @property
    def last(self) -> Turn:
        """The turn whose answer is the rollout's."""
        return next((t for t in reversed(self.turns) if t.kind != VERIFICATION), self.turns[-1])

    @property
    def text(self) -> str:
        """What the last solution or reflection says."""
        return self.last.text

    @property
    def reflection(self) -> Reflection | None:
        """The last one."""
        return next((t.reflection for t in reversed(self.turns) if t.reflection is not None), None)

    @property
    def answer(self) -> str | None:
        """The rollout's answer."""
        return self.last.answer

    @property
    def verdict(self) -> str:
        """The rollout's verdict."""
        return self.last.verdict

    @property
    def reward(self) -> float | None:
        """The rollout's reward; None when nobody can tell."""
        return self.last.reward

    @property
    def analysis_tokens(self) -> int:
        """How long its analysis is."""
        return self.analysis_at[1] - self.analysis_at[0]

    @property
    def sampled(self) -> int:
        """Tokens that the model generated."""
        return sum(t.tokens for t in self.turns)

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
            "reward": self.reward,
            "advantage": self.advantage,
            "tokens": self.sampled,
            "learning_tokens": self.learning_tokens,
        }
        if self.task.wrong is not None:
            row["wrong"] = self.task.wrong
        if self.reflection is not None:
            row["learning_analysis"] = self.learning_analysis
            if self.reflection.start >= 0:
                row["analysis"] = self.reflection.analysis
        if len(self.turns) > 1:
            row["turns"] = [
                {
                    "kind": t.kind,
                    "text": t.text,
                    "answer": t.answer,
                    "verdict": t.verdict,
                    "reward": t.reward,
                    "tokens": t.tokens,
                    "learning_tokens": t.learning_tokens,
                }
                for t in self.turns
            ]
        return row


Group = list[Rollout]


def groups_of(rows: Iterable[Rollout]) -> list[Group]:
    """Rows by their place, in its order."""
    groups: dict[int, Group] = {}
    for row in rows:
        groups.setdefault(row.place, []).append(row)
    return [groups[place] for place in sorted(groups)]
