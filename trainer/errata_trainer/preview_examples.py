"""Stored texts as the examples that SFT, DPO and S²R's initialisation learn from, for the preview."""

from errata_trainer.build import trainer_class
from errata_trainer.dpo import pairs_of
from errata_trainer.offline import Words
from errata_trainer.preview_parts import Part, masked, partner
from errata_trainer.recipe import Job, Problem, Stored
from errata_trainer.rollout import REFLECTION, SOLUTION, VERIFICATION
from errata_trainer.s2r_initialise import Try, told_words, trajectory
from errata_trainer.sft import CORRECTIONS, GOLD, PAIRS, REJECTION, Texts
from errata_trainer.supervised import Example

SUPERVISED, PREFERENCE = "supervised", "preference"


class Examples:
    """One item for each stored attempt, or worked solution, that an example is made of."""

    def __init__(self, job: Job, words: Words) -> None:
        self.job, self.words, self.texts = job, words, Texts(job, words)

    def chosen(self) -> list[Stored]:
        """Attempts of which an example can be made; of SFT also problems, as attempts that are their solution."""
        recipe, stored = self.job.recipe, self.job.stored
        gold = recipe["method"] == "sft" and GOLD in recipe["sft"]["examples"]
        solved = [_solved(p) for p in self.job.problems if p.solution] if gold else []
        return [*solved, *stored]

    def parts(self, stored: Stored) -> list[Part]:
        """The examples that an attempt gives; none where it gives none."""
        method, kinds = self.job.recipe["method"], self.job.recipe["sft"]["examples"]
        if method == "dpo":
            return self.preference(stored)
        if method == "s2r":
            return self.behaviour(stored)
        if stored.group is None and stored.attempt is None:
            return _single(self.texts.gold(stored.problem), "gold", SOLUTION)
        right = self.texts.rejection(stored) if REJECTION in kinds else None
        mended = self.texts.correction(stored) if CORRECTIONS in kinds else None
        pair = self.texts.pair(stored) if PAIRS in kinds else None
        solutions = _single(right, "attempt", SOLUTION) + _single(mended, "reflection", SOLUTION)
        return solutions + _single(pair, "reflection", REFLECTION)

    def preference(self, stored: Stored) -> list[Part]:
        """A wrong attempt and the right one that it stands against."""
        group = [s for s in self.job.stored if s.group == stored.group and s.problem.id == stored.problem.id]
        right = next((right for right, wrong in pairs_of(group) if wrong is stored), None)
        if right is None:
            return []
        cls = trainer_class(self.job.recipe)
        reader = cls.__new__(cls)
        reader.job, reader.words = self.job, self.words
        pair = reader.pair(right, stored)
        return [
            Part(PREFERENCE, "attempts", pair.prompt, ids, [kind] * len(ids), {"any": "r" * len(ids)})
            for kind, ids in (("chosen", pair.chosen), ("rejected", pair.rejected))
        ]

    def behaviour(self, stored: Stored) -> list[Part]:
        """A trajectory: a failed try and the right one after it. Verifications are sampled when the run begins."""
        right = partner(self.job, stored)
        if stored.verdict != "incorrect" or right is None:
            return []
        tries = [Try(stored.solution, "Verdict: wrong"), Try(right.solution, "Verdict: right")]
        example = trajectory(self.job, self.words, stored.problem, tries)
        asked = len(self.words.prompt(self.job.solve.messages(problem=stored.problem.problem)))
        kinds = self.kinds(stored.problem, tries)
        letters = masked(kinds, example.mask[asked:])
        return [Part(SUPERVISED, "trajectory", example.ids[:asked], example.ids[asked:], kinds, {"any": letters})]

    def kinds(self, problem: Problem, tries: list[Try]) -> list[str]:
        """Which turn each token of a trajectory is of, in its order."""
        verify, look_again = self.job.prompt("verify"), self.job.prompt("look_again")
        out: list[str] = []
        for number, one in enumerate(tries, 1):
            out += [SOLUTION] * len(self.words.answer(one.solution))
            out += ["told"] * len(told_words(self.words, verify, problem, one.solution))
            out += [VERIFICATION] * len(self.words.answer(one.verification))
            if number < len(tries):
                out += ["told"] * len(told_words(self.words, look_again, problem, one.solution))
        return out


def _single(example: Example | None, made: str, kind: str) -> list[Part]:
    """An example of one turn."""
    if example is None:
        return []
    ids, mask = example.ids[example.asked :], example.mask[example.asked :]
    kinds = [kind] * len(ids)
    return [Part(SUPERVISED, made, example.ids[: example.asked], ids, kinds, {"any": masked(kinds, mask)})]


def _solved(problem: Problem) -> Stored:
    """A problem's own solution in an attempt's place."""
    return Stored(problem, problem.solution or "", problem.gold, "correct", None, None, False)
