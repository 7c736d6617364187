"""Reflect, retry, reward (arXiv 2505.24726): a reflection learns from whether the retry after it is right."""

from functools import cached_property
from typing import Any

import numpy as np
import torch

from errata_trainer.mask import Edges, correction_mask, tokens_before
from errata_trainer.prompts import Prompt
from errata_trainer.reflection import ANALYSIS, MARKER, Reflection, strip_thinking, think_end
from errata_trainer.rollout import REFLECTION, SOLUTION, Learning, Rollout, Turn
from errata_trainer.schedule import CORRECTION, TRIAL
from errata_trainer.scrpo import ScRPOTrainer


class ReflectRetryTrainer(ScRPOTrainer):
    """ScRPO's pool and cycle. A trial step only collects failures; a correction step learns from retries.

    The paper trains on a set of failures that was collected before, and on reflections alone: a first attempt never
    learns. A trial step therefore has no policy term, no KL and no gradient, and the optimiser leaves the weights
    and its own moments as they are.

    In a correction step the model reflects on a wrong solution (reflect.jinja), then solves the problem again in a
    separate generation that is not part of the sequence that learns (retry.jinja). The reward is 1 when the retry is
    right. Its gradient reaches the reflection's tokens alone: signed unless `on_failure` is `skip`. Where the model
    goes on from its reflection to a corrected solution by itself, what follows is cut off before the marker and
    neither learns nor counts in Z. A reflection so long that the model's context has no room for a retry failed.
    """

    _stage = CORRECTION

    @cached_property
    def retry(self) -> Prompt:
        """What asks for the retry: the problem, the wrong solution and the reflection."""
        return self.job.prompt("retry")

    def settings(self, stage: str) -> tuple[float, float]:
        """Nothing learns in a trial step."""
        return (0.0, 0.0) if stage == TRIAL else super().settings(stage)

    # Episodes

    def play(self, rows: list[Rollout]) -> None:
        """A reflection and a retry; in a trial step an attempt."""
        if self._stage == TRIAL:
            super().play(rows)
            return
        self.say(rows, REFLECTION)
        for row in rows:
            self.cut(row)
        asked = [(row, self.retry_ids(row)) for row in rows]
        asked = [(row, ids) for row, ids in asked if self.has_room(len(ids))]
        for (row, _), (ids, _) in zip(asked, self.sample([ids for _, ids in asked]), strict=True):
            end = len(row.ids)
            row.turns.append(Turn(SOLUTION, end, end, self._text(ids), apart=list(ids)))

    def cut(self, row: Rollout) -> None:
        """Leave the reflection alone in the row, where the model went on to a corrected solution.

        At least a token stays: an episode cannot be empty. A token that straddles the marker's beginning goes.
        """
        turn = row.turns[0]
        at = marker_start(turn.text)
        if at < 0:
            return
        length = max(1, tokens_before(row.ids, at, self._text))
        row.cut = len(row.ids) - length
        row.ids, turn.end = row.ids[:length], length
        row.logprobs = None if row.logprobs is None else row.logprobs[:length]
        turn.text = self._text(row.ids)

    def retry_ids(self, row: Rollout) -> list[int]:
        """The prompt of the retry. Like the reflection's it cannot hold the gold answer."""
        said = row.turns[0].text
        reflection = strip_thinking(said) if self.job.recipe["strip_thinking"] else said
        variables = {"problem": row.task.problem.problem, "solution": row.task.wrong or "", "reflection": reflection}
        return self.prompt_ids(self.retry.messages(**variables))

    # Rewards

    def grade(self, rows: list[Rollout]) -> None:
        """A reflection's verdict is that of the retry after it."""
        super().grade(rows)
        for row in rows:
            turn = row.turns[0]
            if turn.kind != REFLECTION:
                continue
            # Whatever the model said before the marker is its reflection; without an end it is an open one.
            thought, closed = think_end(turn.text), row.cut > 0 or self.ended(row, turn)
            boundary = len(turn.text) if closed else -1
            turn.reflection = Reflection(turn.text[thought:].strip(), "", closed, thought, boundary, thought)
            turn.verdict, turn.answer = "truncated", None
            if len(row.turns) > 1:
                turn.verdict, turn.answer = row.turns[1].verdict, row.turns[1].answer

    def credit(self, stage: str, rows: list[Rollout]) -> None:
        """TRL's group advantages; none in a trial step."""
        for row in rows:
            row.advantage = 0.0 if stage == TRIAL else row.advantage
        super().credit(stage, rows)

    def learning(self, row: Rollout) -> Learning:
        """The reflection, its thinking by `think_mask`, a failure by `on_failure`. A first attempt: nothing."""
        length = len(row.ids)
        turn = row.turns[0]
        if turn.kind != REFLECTION:
            return Learning.of(np.zeros(length), np.zeros(length))
        options = self.job.recipe["correction"]
        end = think_end(turn.text)
        thought = tokens_before(row.ids, end, self._text) if end else 0
        row.analysis_at = thought, length
        mask = correction_mask(length, Edges(thought, thought, length), "analysis", options["think_mask"])
        skipped = row.verdict != "correct" and options["on_failure"] == "skip"
        counted = [1] * length if options["kl_mask"] == "all" else mask
        return Learning.of([0] * length if skipped else mask, [self._beta * bit for bit in counted], counted)

    def scored(self, stage: str, rows: list[Rollout]) -> dict[str, Any]:
        """As ScRPO. What was cut off was generated all the same."""
        self.recorder.also_generated(sum(row.cut for row in rows))
        return super().scored(stage, rows)

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """Without a gradient in a trial step: the optimiser passes over weights that have none."""
        if self._stage == TRIAL:
            return torch.zeros((), device=self.accelerator.device, requires_grad=True)
        return super()._compute_loss(model, inputs)


def marker_start(text: str) -> int:
    """Where the `Corrected Solution` heading begins, after the analysis where there is one; -1 without it."""
    base = think_end(text)
    analysis = ANALYSIS.search(text, base)
    marker = MARKER.search(text, analysis.end() if analysis else base)
    return marker.start() if marker else -1
