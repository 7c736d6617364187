"""Stored texts as the episodes that a step would learn from, and what of them every token receives."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from errata_trainer.build import load_tokenizer, trainer_class
from errata_trainer.conversation import between
from errata_trainer.offline import Words
from errata_trainer.pool import PoolError
from errata_trainer.recipe import Job, Stored
from errata_trainer.reflection import parse_reflection
from errata_trainer.rollout import REFLECTION, SOLUTION, VERIFICATION, Rollout, Task, Turn
from errata_trainer.s2r import instruction
from errata_trainer.schedule import CORRECTION, TRIAL

TOLD, NOTHING, REWARD, KL, BOTH = "t", "n", "r", "k", "b"
"""One letter a token: told to the model; nothing; the reward (or the loss); the KL alone; the reward and the KL."""


@dataclass
class Part:
    """One episode of an item, at one stage. `kinds` and the letters of `cases` are of the tokens after the prompt."""

    stage: str
    made: str
    """Where its text comes from: attempt, reflection, attempts or trajectory (put together), gold, missing."""
    prompt: list[int]
    ids: list[int]
    kinds: list[str]
    cases: dict[str, str] = field(default_factory=dict)
    """By verdict: correct, incorrect; `any` where it makes no difference."""


def words_of(job: Job) -> Words:
    """The base model's tokenizer, and how much it can hold."""
    config = json.loads((job.trainable / "config.json").read_text(encoding="utf-8"))
    return Words(load_tokenizer(job), config.get("max_position_embeddings"))


def partner(job: Job, stored: Stored) -> Stored | None:
    """A right attempt of the same group, else of the same problem."""
    right = [s for s in job.stored if s.verdict == "correct" and s.problem.id == stored.problem.id]
    return next((s for s in right if s.group == stored.group), right[0] if right else None)


class Episodes:
    """Of methods that sample: stored attempts and reflections stand for what the run will sample itself."""

    def __init__(self, job: Job, words: Words) -> None:
        self.job, self.words = job, words
        path = job.trainable / "generation_config.json"
        named = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.is_file() else None
        ids = [named] if isinstance(named, int) else list(named or [])
        own = words.tokenizer.eos_token_id
        # As TRL finds them: the generation configuration's, and the tokenizer's own.
        ends = ids if own in ids else [own, *ids]
        self.reader = trainer_class(job.recipe).reader(job, words.tokenizer, ends)

    def chosen(self) -> list[Stored]:
        """What there is to be shown, the wrong attempts first."""
        method, stored = self.job.recipe["method"], self.job.stored
        if method in ("scrpo", "rrr"):
            # Those with a reflection have more to be seen.
            wrong = [s for s in stored if s.verdict == "incorrect"]
            return sorted(wrong, key=lambda s: s.reflection is None)
        return sorted(stored, key=lambda s: s.verdict != "incorrect")

    def parts(self, stored: Stored) -> list[Part]:
        """The episodes that the method would make of an attempt, one for each of its stages."""
        method, recipe = self.job.recipe["method"], self.job.recipe
        if method in ("scrpo", "rrr"):
            trial, corrections = self.job.cycle
            out = [self.reflection(stored)] if corrections and stored.verdict == "incorrect" else []
            return [*out, self.attempt(stored)] if trial else out
        if method == "score":
            first = ["stage-1"] if recipe["score"]["stage_one_steps"] else []
            last = ["stage-2"] if recipe["score"]["stage_one_steps"] < recipe["max_steps"] else []
            return [self.two_attempts(stage, stored) for stage in first + last]
        if method == "s2r":
            return [self.trajectory(recipe["s2r"]["stage"], stored)]
        return [self.attempt(stored)]

    # Episodes

    def attempt(self, stored: Stored) -> Part:
        """A first attempt."""
        row = self.asked(stored)
        self.say(row, SOLUTION, stored.solution)
        return self.part(TRIAL, "attempt", row)

    def reflection(self, stored: Stored) -> Part:
        """The reflection on an error; the prompt alone where none is stored."""
        problem = stored.problem
        error = PoolError(problem.id, problem.problem, problem.gold, stored.solution, stored.answer, "")
        task = self.reader.correction_task(error)
        row = Rollout(0, task, prompt_ids=self.reader.prompt_ids(task.messages))
        if stored.reflection is None:
            return self.part(CORRECTION, "missing", row)
        self.say(row, REFLECTION, stored.reflection)
        if self.job.recipe["method"] == "rrr":
            self.reader.cut(row)
        return self.part(CORRECTION, "reflection", row)

    def two_attempts(self, stage: str, stored: Stored) -> Part:
        """SCoRe's conversation."""
        row = self.asked(stored)
        self.say(row, SOLUTION, stored.solution)
        self.tell(row, self.reader.look_again)
        self.say(row, SOLUTION, (partner(self.job, stored) or stored).solution)
        return self.part(stage, "attempts", row)

    def trajectory(self, stage: str, stored: Stored) -> Part:
        """S²R's: solution, verification and, after a wrong one, another solution and its verification.

        The model's verifications are not stored; their verdicts stand for them.
        """
        row = self.asked(stored)
        right = partner(self.job, stored)
        tries = [(stored, "wrong"), (right, "right")] if stored.verdict != "correct" and right else [(stored, "right")]
        for number, (attempt, verdict) in enumerate(tries, 1):
            self.say(row, SOLUTION, attempt.solution)
            self.tell(row, instruction(self.reader.verify, row.task.problem.problem, row.text))
            self.say(row, VERIFICATION, f"Verdict: {verdict}")
            if number < len(tries):
                self.tell(row, instruction(self.reader.look_again, row.task.problem.problem, row.text))
        return self.part(stage, "trajectory", row)

    # Their pieces

    def asked(self, stored: Stored) -> Rollout:
        """The problem alone."""
        task = Task(stored.problem, self.job.solve.messages(problem=stored.problem.problem))
        return Rollout(0, task, prompt_ids=self.reader.prompt_ids(task.messages))

    def say(self, row: Rollout, kind: str, text: str) -> None:
        """Add a turn as the model would have said it."""
        start = len(row.ids)
        row.ids = row.ids + self.words.answer(text)
        said = self.words.read(row.ids[start:])
        reflection = parse_reflection(said) if kind == REFLECTION else None
        row.turns.append(Turn(kind, start, len(row.ids), said, reflection))

    def tell(self, row: Rollout, user: str) -> None:
        """Add a user's message after a turn that was ended."""
        row.ids = row.ids + between(self.words.tokenizer, user)[0]

    def part(self, stage: str, made: str, row: Rollout) -> Part:
        """What every token receives, were every verdict right, and were every one wrong."""
        kinds = ["told"] * len(row.ids)
        for turn in row.turns:
            kinds[turn.start : turn.end] = [turn.kind] * (turn.end - turn.start)
        cases = {verdict: self.letters(stage, row, verdict) for verdict in ("correct", "incorrect") if row.turns}
        if len(set(cases.values())) == 1:
            cases = {"any": cases["correct"]}
        return Part(stage, made, row.prompt_ids, row.ids, kinds, cases)

    def letters(self, stage: str, row: Rollout, verdict: str) -> str:
        """By the method's own `learning`."""
        judged = replace(row, turns=[replace(turn, verdict=verdict) for turn in row.turns])
        self.reader.enter_stage(stage)
        learning, said = self.reader.learning(judged), self.reader.said(judged)
        return "".join(
            letter(bool(policy), held > 0, bool(own))
            for policy, held, own in zip(learning.policy, learning.kl, said, strict=True)
        )


def letter(policy: bool, held: bool, said: bool) -> str:
    """The class of a token."""
    if policy:
        return BOTH if held else REWARD
    if held:
        return KL
    return NOTHING if said else TOLD


def masked(kinds: Sequence[str], mask: Sequence[int]) -> str:
    """Letters of an example's tokens: its loss is on those of the mask."""
    return "".join(letter(bool(bit), False, kind != "told") for kind, bit in zip(kinds, mask, strict=True))
