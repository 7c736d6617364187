"""Attempts, and reflections on them, sampled by the model before its first step: what SFT and DPO may learn from."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Self

from accelerate.utils import gather_object

from errata_trainer.collected import Collected
from errata_trainer.offline import Offline
from errata_trainer.online import OnlineTrainer
from errata_trainer.recipe import Problem, Stored
from errata_trainer.reflection import strip_thinking
from errata_trainer.rollout import REFLECTION, SOLUTION, Rollout, Task
from errata_trainer.schedule import seed_step, visited
from errata_trainer.stop import StoppedEarly, StopRequest


class Sampler(OnlineTrainer):
    """Plays episodes with another trainer's model; prompts, decoding and grading are the sampling methods' own."""

    @classmethod
    def of(cls, trainer: Offline) -> Self:
        """With the model as it stands in `trainer`."""
        other: Any = trainer
        job, recipe, tokenizer = trainer.job, trainer.job.recipe, other.words.tokenizer
        ends = other.accelerator.unwrap_model(other.model).generation_config.eos_token_id
        ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        out = cls.reader(job, tokenizer, sorted(ends))
        out.model, out.accelerator = other.model, other.accelerator
        out.grader, out.recorder = other.grader, other.recorder
        out.max_completion_length, out.use_vllm = recipe["max_completion_length"], False
        out.temperature, out.top_k, out.top_p = recipe["temperature"], recipe["top_k"], recipe["top_p"]
        return out

    def collect(self, worth: Callable[[list[Stored]], int], wanted: int, reflect: bool = False) -> list[Stored]:
        """G attempts at each problem, in the run's order, until they are worth `wanted` or every problem was visited.

        `worth` says how many examples the attempts at some problems make. `reflect` asks for reflections on wrong ones
        too. Raises StoppedEarly when the run is asked to stop meanwhile.
        """
        self.recorder.log.emit("phase", phase="collecting")
        found: list[Stored] = []
        batches = list(self._batches())

        def attempts(number: int) -> tuple[list[Any], int]:
            made, tokens = self._attempts(number, batches[number], reflect)
            return [asdict(attempt) for attempt in made], tokens

        for turn in self.in_turn("attempts", len(batches), attempts):
            # A batch of each rank, in order; what is more than enough is left unused by all alike.
            for made, tokens in turn:
                if wanted <= 0:
                    break
                batch = [Stored(**row | {"problem": Problem(**row["problem"])}) for row in made]
                found += batch
                wanted -= worth(batch)
                self.recorder.tokens += tokens
            print(f"collecting: {len(found)} attempts, {max(wanted, 0)} examples to go", flush=True)
            if wanted <= 0:
                break
        return found

    def in_turn(
        self, kind: str, count: int, make: Callable[[int], tuple[list[Any], int]]
    ) -> Iterator[list[tuple[list[Any], int]]]:
        """What `make` makes of each of `count` batches, as JSON, with the tokens it took: as many at once as ranks.

        Each rank takes a batch in turn. The result does not depend on their number where a batch has random numbers of
        its own. What is made is kept in the run's folder, and what is found there is not made again. Raises
        StoppedEarly when the run is asked to stop meanwhile.
        """
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        kept = Collected(self.job.folder, kind, self.accelerator.is_main_process)
        stop = StopRequest(self.job.folder)
        for first in range(0, count, world):
            # Every rank must take the same turn, and they look at the file at different moments.
            if any(gather_object([bool(stop)])):
                self.grader.close()
                raise StoppedEarly
            mine = range(first, min(first + world, count))[rank : rank + 1]
            turn = gather_object([(number, *(kept.get(number) or make(number))) for number in mine])
            for number, made, tokens in turn:
                kept.add(number, made, tokens)
            yield [(made, tokens) for _, made, tokens in turn]

    def _batches(self) -> Iterator[list[Rollout]]:
        """Batches of rows, each problem's side by side; a place is the problem's number in the run's order."""
        job = self.job
        order = visited(0, len(job.problems), len(job.problems), job.recipe["seed"])
        size, copies = job.recipe["problems_per_step"], job.recipe["num_generations"]
        for first in range(0, len(order), size):
            rows: list[Rollout] = []
            for place, index in enumerate(order[first : first + size], first):
                problem = job.problems[index]
                task = Task(problem, job.solve.messages(problem=problem.problem))
                rows += [Rollout(place, task) for _ in range(copies)]
            yield rows

    def _attempts(self, number: int, rows: list[Rollout], reflect: bool) -> tuple[list[Stored], int]:
        """The attempts of a batch, and how many tokens were generated for it."""
        # Steps count from 1.
        seed_step(self.job.recipe["seed"], 0, number)
        self._play(rows, SOLUTION)
        corrections, tokens = self._corrections(rows) if reflect else ({}, 0)
        attempts = [
            Stored(r.task.problem, r.text, r.answer, r.verdict, r.place, *corrections.get(id(r), (None, False)))
            for r in rows
        ]
        return attempts, tokens + sum(row.sampled for row in rows)

    def _corrections(self, rows: list[Rollout]) -> tuple[dict[int, tuple[str, bool]], int]:
        """A reflection on each of a few different wrong attempts of a problem: a right one where there is one.

        As many are sampled of a problem as it has attempts, at most. By the row's `id`; and the tokens generated.
        """
        recipe = self.job.recipe
        most = min(recipe["sft"]["per_problem"], recipe["num_generations"])
        wrong: dict[int, dict[str, Rollout]] = {}
        for row in rows:
            same = wrong.setdefault(row.place, {})
            if row.verdict == "incorrect" and len(same) < most:
                same.setdefault(row.text, row)
        chosen = [row for same in wrong.values() for row in same.values()]
        copies = recipe["num_generations"] // most
        tries: list[Rollout] = []
        for place, row in enumerate(chosen):
            text = strip_thinking(row.text) if recipe["strip_thinking"] else row.text
            messages = self.job.reflect.messages(problem=row.task.problem.problem, solution=text)
            if self.has_room(len(self.prompt_ids(messages))):
                tries += [Rollout(place, Task(row.task.problem, messages, text)) for _ in range(copies)]
        if tries:
            self._play(tries, REFLECTION)
        # The first right one, else the last.
        best: dict[int, tuple[str, bool]] = {}
        for row in reversed(tries):
            key, right = id(chosen[row.place]), row.verdict == "correct"
            if right or key not in best:
                best[key] = (row.text, right)
        return best, sum(row.sampled for row in tries)

    def _play(self, rows: list[Rollout], kind: str) -> None:
        self.pose(rows)
        self.say(rows, kind)
        self.grade(rows)
