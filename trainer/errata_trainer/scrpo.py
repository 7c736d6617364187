"""ScRPO (arXiv 2511.06065): trial steps fill the error pool, correction steps use it."""

import random
from typing import Any

from errata_trainer.errors import TrainerError
from errata_trainer.filter import keeps
from errata_trainer.mask import correction_mask, find_edges
from errata_trainer.online import OnlineTrainer
from errata_trainer.pool import ErrorPool, PoolError, first_differing_line
from errata_trainer.recipe import Problem
from errata_trainer.reflection import strip_thinking
from errata_trainer.rollout import Learning, Rollout, Task, groups_of
from errata_trainer.schedule import CORRECTION, TRIAL, planned_stage


class ScRPOTrainer(OnlineTrainer):
    """Trial and error, and self-correction on what went wrong, in a cycle."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = self.job.recipe["pool"]
        self.pool = ErrorPool(options["max_size"], options["per_problem"], options["max_uses"])
        seeds = self.job.seeds
        fitting = [error for error in seeds if self.fits(error)]
        if len(fitting) < len(seeds):
            message = (
                f"{len(seeds) - len(fitting)} of the {len(seeds)} errors that the run was given leave no room for a "
                f"reflection in the model's context of {self.context} tokens (max_completion_length is "
                f"{self.max_completion_length}): the run begins without them."
            )
            self.recorder.log.emit("alarm", step=0, kind="too-long", message=message)
        self.pool.admit(fitting)

    def plan(self, step: int) -> tuple[str, list[Task]]:
        """Corrections when their turn has come and the pool can fill the step; each place is a use of its error."""
        recipe = self.job.recipe
        if planned_stage(step, self.job.cycle) == CORRECTION:
            places, left = recipe["problems_per_step"], self.pool.uses_left
            drawn = self.pool.draw(places, random.Random(f"pool {recipe['seed']} {step}"))
            if drawn:
                return CORRECTION, [self.correction_task(error) for error in drawn]
            if self.job.cycle[0] == 0:
                raise TrainerError(
                    f"The error pool cannot fill step {step}: a step takes problems_per_step = {places} errors, those "
                    f"in the pool have {left} uses left, and the recipe has no trial steps that would add to it.",
                    "Seed it with more errors, take fewer steps, or set correction.cycle to [6, 4].",
                )
        return TRIAL, self.next_problems()

    def settings(self, stage: str) -> tuple[float, float]:
        """Each stage has its own learning rate and KL weight."""
        options = self.job.recipe["correction"] if stage == CORRECTION else self.job.recipe
        return options["learning_rate"], options["beta"]

    def correction_task(self, error: PoolError) -> Task:
        """The reflection on an error."""
        wrong = strip_thinking(error.solution) if self.job.recipe["strip_thinking"] else error.solution
        # The gold answer is not among the variables: no prompt file can give it away.
        messages = self.job.reflect.messages(problem=error.problem, solution=wrong)
        return Task(Problem(error.problem_id, error.problem, error.gold), messages, wrong, error.answer)

    def learning(self, row: Rollout) -> Learning:
        """Policy term on the mask, KL by `kl_mask`; under on_failure `all` the mask of a failure is every token.

        Z counts the tokens that carry either: the mask, though a failure that is skipped has its KL alone there.
        """
        if row.reflection is None:
            return super().learning(row)
        options, length = self.job.recipe["correction"], len(row.ids)
        failed = row.verdict != "correct"
        edges = find_edges(row.ids, row.reflection, self._text)
        row.analysis_at = edges.start, edges.end
        mask = correction_mask(length, edges, options["mask"], options["think_mask"])
        if failed and options["on_failure"] == "all":
            mask = [1] * length
        policy = [0] * length if failed and options["on_failure"] == "skip" else mask
        counted = [1] * length if options["kl_mask"] == "all" else mask
        return Learning.of(policy, [self._beta * bit for bit in counted], counted)

    def scored(self, stage: str, rows: list[Rollout]) -> dict[str, Any]:
        """Wrong answers of the groups that pass the filter enter the pool."""
        evicted = self.pool.evicted
        admitted = self.admit(rows) if stage == TRIAL else 0
        return {
            "pool_size": len(self.pool),
            "pool_unique": self.pool.unique,
            "pool_admitted": admitted,
            "pool_evicted": self.pool.evicted - evicted,
            "pool_age": self.pool.age(self.state.global_step + 1),
            "pool_top": self.pool.top,
            "pool_type_entropy": self.pool.type_entropy,
            # Neither is told where no type is known.
            "pool_typed": self.pool.typed or None,
            "pool_repeats": self.pool.repeats if stage == TRIAL else None,
            "changed": changed(rows),
        }

    # The pool

    def admit(self, rows: list[Rollout]) -> int:
        """Wrong answers of the groups that pass the filter enter the pool; truncated ones never do."""
        candidates: list[PoolError] = []
        for group in groups_of(rows):
            scored = [r for r in group if r.verdict != "unscored"]
            right = [r.text for r in scored if r.verdict == "correct"]
            if keeps(self.job.recipe["filter"], len(right), len(scored)):
                candidates += [self.error_of(r, right) for r in scored if r.verdict == "incorrect"]
        return self.pool.admit((e for e in candidates if self.fits(e)), self.state.global_step + 1)

    @staticmethod
    def error_of(row: Rollout, right: list[str]) -> PoolError:
        """A wrong rollout as an error; `right` are its group's right ones."""
        problem, line = row.task.problem, first_differing_line(row.text, right)
        return PoolError(problem.id, problem.problem, problem.gold, row.text, row.answer, line)

    def fits(self, error: PoolError) -> bool:
        """Is there room in the model's context to reflect on it?"""
        return self.has_room(len(self.prompt_ids(self.correction_task(error).messages)))

    def method_state(self) -> dict[str, Any]:
        """Place in the problems, and the pool."""
        return {**super().method_state(), "pool": self.pool.state()}

    def load_method_state(self, state: dict[str, Any]) -> None:
        """Take both from a checkpoint."""
        super().load_method_state(state)
        self.pool.load(state["pool"])


def changed(rows: list[Rollout]) -> float | None:
    """Share of corrections that end in another answer than the wrong one; None where there is none."""
    answers = [(r.answer, r.task.wrong_answer) for r in rows if r.task.wrong is not None and r.answer is not None]
    return sum(now != before for now, before in answers) / len(answers) if answers else None
