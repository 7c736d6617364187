"""S²R's behaviour initialisation (arXiv 2502.12853, stage 0): supervised fine-tuning on solve, verify, solve, …, end.

Trajectories are put together from the model's own attempts and verifications: failed tries, each found wrong, and a
right one, found right. Harder problems get more failed tries. Learnt are every verification, the last solution and
their ends; earlier solutions stand there to be judged.

Stated in the paper: about 3,100 trajectories, learning rate 5e-6, 3 epochs; verifications that confirm an answer
rather than solve anew (the prompt asks for it); one that tells the truth is kept of several. Ours where it says
nothing: the number of failed tries falls in equal parts over `s2r.band`, and problems outside it get none.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from errata_trainer.conversation import between
from errata_trainer.offline import Words
from errata_trainer.prompts import Prompt
from errata_trainer.recipe import Job, Problem, Stored
from errata_trainer.rollout import VERIFICATION, Rollout, Task
from errata_trainer.s2r import instruction
from errata_trainer.sampler import Sampler
from errata_trainer.schedule import seed_step
from errata_trainer.supervised import Example, SupervisedTrainer
from errata_trainer.verification import RIGHT, WRONG, parse_verification

EPOCHS = 3
"""Stated: how often a run sees its trajectories. It samples as many as that takes."""


@dataclass(frozen=True)
class Try:
    """An attempt that was told the truth about."""

    solution: str
    verification: str


class BehaviourTrainer(SupervisedTrainer):
    """Supervised fine-tuning on trajectories."""

    def items(self) -> tuple[list[Example], Counter[str]]:
        """One trajectory of every problem that has a right attempt; its kind says how many solutions it has."""
        recipe, attempts = self.job.recipe, self.job.stored
        if recipe["data"]["examples"] == "sampled":
            wanted = math.ceil(recipe["problems_per_step"] * recipe["max_steps"] / EPOCHS)
            attempts = Sampler.of(self).collect(lambda found: len(usable(found)), wanted)
        left_out: Counter[str] = Counter()
        problems = usable(attempts)
        left_out["problems without a right attempt"] = len({a.problem.id for a in attempts}) - len(problems)
        plans = [Plan.of(self.job, own) for own in problems.values()]
        asked = [attempt for plan in plans for attempt in plan.asked]
        told = Verifier.of(self).verify(asked)
        examples: list[Example] = []
        for plan in plans:
            example = plan.example(self.job, self.words, told)
            if example is None:
                left_out["problems whose right attempts were never found right"] += 1
            else:
                examples.append(example)
        left_out["attempts without a verification that tells the truth"] = sum(key(a) not in told for a in asked)
        return examples, +left_out


def usable(attempts: Iterable[Stored]) -> dict[str, list[Stored]]:
    """Scored attempts by problem, of the problems that have a right one."""
    groups: dict[str, list[Stored]] = defaultdict(list)
    for attempt in attempts:
        if attempt.verdict != "unscored":
            groups[attempt.problem.id].append(attempt)
    return {name: own for name, own in groups.items() if any(a.verdict == "correct" for a in own)}


def key(attempt: Stored) -> tuple[str, str]:
    """Attempts that read the same are one."""
    return attempt.problem.id, attempt.solution


def failed_tries(rate: float, band: Sequence[float], max_solutions: int) -> int:
    """How many wrong solutions come before the right one, by the problem's success rate.

    Within the band from 1 (easiest) to `max_solutions` - 1 (hardest); outside none.
    """
    low, high = band
    if not low <= rate <= high or max_solutions < 2:
        return 0
    hardness = (high - rate) / (high - low) if high > low else 0.0
    return 1 + math.floor(hardness * (max_solutions - 2) + 0.5)


@dataclass(frozen=True)
class Plan:
    """What may become one problem's trajectory: its different attempts, in the order in which they are tried."""

    problem: Problem
    tries: int
    wrong: list[Stored]
    right: list[Stored]

    @classmethod
    def of(cls, job: Job, attempts: list[Stored]) -> "Plan":
        """`attempts` are a problem's scored ones."""
        options, problem = job.recipe["s2r"], attempts[0].problem
        rate = sum(a.verdict == "correct" for a in attempts) / len(attempts)
        tries = failed_tries(rate, options["band"], options["max_solutions"])
        different = list({key(a): a for a in attempts}.values())
        random.Random(f"s2r {job.recipe['seed']} {problem.id}").shuffle(different)
        # A solution that was cut off is no try: there is nothing whole to be judged.
        wrong = [a for a in different if a.verdict == "incorrect"] if tries else []
        return cls(problem, tries, wrong, [a for a in different if a.verdict == "correct"])

    @property
    def asked(self) -> list[Stored]:
        """Attempts whose verification is needed."""
        return self.wrong + self.right

    def example(self, job: Job, words: Words, told: dict[tuple[str, str], str]) -> Example | None:
        """The longest trajectory that fits into the context; None without a right attempt that was found right."""
        wrong, right = (
            [Try(a.solution, told[key(a)]) for a in side if key(a) in told] for side in (self.wrong, self.right)
        )
        if not right:
            return None
        for count in range(min(self.tries, len(wrong)), -1, -1):
            found = trajectory(job, words, self.problem, [*wrong[:count], right[0]])
            if words.fits(found.ids):
                return found
        return None


def trajectory(job: Job, words: Words, problem: Problem, tries: Sequence[Try]) -> Example:
    """Solution and verification of each try, with a user's message between; the last try is the right one."""
    verify, look_again = job.prompt("verify"), job.prompt("look_again")
    ids = words.prompt(job.solve.messages(problem=problem.problem))
    mask = [0] * len(ids)

    def add(tokens: list[int], learns: bool) -> None:
        ids.extend(tokens)
        mask.extend([int(learns)] * len(tokens))

    for number, one in enumerate(tries, 1):
        add(words.answer(one.solution), number == len(tries))
        add(told_words(words, verify, problem, one.solution), False)
        add(words.answer(one.verification), True)
        if number < len(tries):
            add(told_words(words, look_again, problem, one.solution), False)
    return Example(f"{len(tries)} solution{'s' if len(tries) > 1 else ''}", problem.id, ids, mask)


def told_words(words: Words, prompt: Prompt, problem: Problem, solution: str) -> list[int]:
    """A user's message after a turn that was ended."""
    return between(words.tokenizer, instruction(prompt, problem.problem, solution))[0]


class Verifier(Sampler):
    """Lets the model judge attempts, several times each."""

    def verify(self, attempts: list[Stored]) -> dict[tuple[str, str], str]:
        """The first verification of each attempt that tells the truth, of `s2r.verifications`; by `key`.

        Raises StoppedEarly when the run is asked to stop meanwhile.
        """
        recipe = self.job.recipe
        size = max(1, recipe["problems_per_step"] * recipe["num_generations"] // recipe["s2r"]["verifications"])
        batches = [attempts[first : first + size] for first in range(0, len(attempts), size)]
        out: dict[tuple[str, str], str] = {}
        done = 0

        def judge(number: int) -> tuple[list[Any], int]:
            found, tokens = self._judge(number, batches[number])
            return [[*attempt, said] for attempt, said in found.items()], tokens

        for turn in self.in_turn("verifications", len(batches), judge):
            for found, tokens in turn:
                out |= {(problem, solution): said for problem, solution, said in found}
                self.recorder.tokens += tokens
            done += len(turn)
            print(f"verifying: {min(done * size, len(attempts))} of {len(attempts)} attempts", flush=True)
        return out

    def _judge(self, number: int, attempts: list[Stored]) -> tuple[dict[tuple[str, str], str], int]:
        """The truthful verifications of a batch, and how many tokens were generated for it."""
        # Beside the batches of attempts (0) and the steps (from 1).
        seed_step(self.job.recipe["seed"], 0, 1, number)
        words, prompt = Words(self._tokenizer, self.context), self.job.prompt("verify")
        rows: list[Rollout] = []
        for place, attempt in enumerate(attempts):
            messages = self.job.solve.messages(problem=attempt.problem.problem)
            said = words.answer(attempt.solution) + told_words(words, prompt, attempt.problem, attempt.solution)
            asked = words.prompt(messages)
            if self.has_room(len(asked) + len(said)):
                copies = range(self.job.recipe["s2r"]["verifications"])
                rows += [Rollout(place, Task(attempt.problem, messages), asked, list(said)) for _ in copies]
        if rows:
            self.say(rows, VERIFICATION)
        out: dict[tuple[str, str], str] = {}
        for row in rows:
            attempt, said = attempts[row.place], row.turns[0].text
            if parse_verification(said) == (RIGHT if attempt.verdict == "correct" else WRONG):
                out.setdefault(key(attempt), said)
        return out, sum(row.sampled for row in rows)
