"""SFT: on the problem set's own solutions, on the model's right attempts, and on wrong attempts put right."""

from collections import Counter
from collections.abc import Iterable, Iterator

from errata_trainer.mask import correction_mask, find_edges
from errata_trainer.offline import Words
from errata_trainer.recipe import Job, Problem, Stored
from errata_trainer.reflection import parse_reflection, strip_thinking
from errata_trainer.sampler import Sampler
from errata_trainer.supervised import Example, SupervisedTrainer

GOLD, REJECTION, CORRECTIONS, PAIRS = "gold", "rejection", "corrections", "pairs"


class Texts:
    """Examples of a run, one at a time; None where there is none to be made."""

    def __init__(self, job: Job, words: Words) -> None:
        self.job, self.words = job, words

    def gold(self, problem: Problem) -> Example | None:
        """The problem set's own solution; where it has no box, its answer is added in one, as graders look for it."""
        if problem.solution is None:
            return None
        boxed = "\\boxed" in problem.solution
        text = problem.solution if boxed else f"{problem.solution}\n\\boxed{{{problem.gold}}}"
        return self._solution(GOLD, problem, text)

    def rejection(self, attempt: Stored) -> Example | None:
        """A right attempt."""
        return self._solution(REJECTION, attempt.problem, attempt.solution) if attempt.verdict == "correct" else None

    def correction(self, attempt: Stored) -> Example | None:
        """The right correction of a wrong attempt, as if it were the first answer to the problem."""
        if attempt.verdict != "incorrect" or not attempt.fixed or attempt.reflection is None:
            return None
        reflection = parse_reflection(attempt.reflection)
        return self._solution(CORRECTIONS, attempt.problem, reflection.corrected) if reflection.parsed else None

    def pair(self, attempt: Stored) -> Example | None:
        """Analysis and right correction of a wrong attempt; `sft.pairs_mask` says what of them learns."""
        if attempt.verdict != "incorrect" or not attempt.fixed or attempt.reflection is None:
            return None
        recipe = self.job.recipe
        wrong = strip_thinking(attempt.solution) if recipe["strip_thinking"] else attempt.solution
        messages = self.job.reflect.messages(problem=attempt.problem.problem, solution=wrong)
        answer = self.words.answer(attempt.reflection)
        reflection = parse_reflection(self.words.read(answer))
        if not reflection.parsed:
            return None
        edges = find_edges(answer, reflection, self.words.read)
        mask = correction_mask(len(answer), edges, recipe["sft"]["pairs_mask"], recipe["correction"]["think_mask"])
        return Example.of(PAIRS, attempt.problem.id, self.words.prompt(messages), answer, mask)

    def of(self, kind: str, attempts: Iterable[Stored]) -> Iterator[Example | None]:
        """All of a kind."""
        if kind == GOLD:
            return map(self.gold, self.job.problems)
        makers = {REJECTION: self.rejection, CORRECTIONS: self.correction, PAIRS: self.pair}
        return map(makers[kind], attempts)

    def _solution(self, kind: str, problem: Problem, text: str) -> Example:
        answer = self.words.answer(text)
        prompt = self.words.prompt(self.job.solve.messages(problem=problem.problem))
        return Example.of(kind, problem.id, prompt, answer, [1] * len(answer))


class FineTuning(SupervisedTrainer):
    """Supervised fine-tuning on the recipe's kinds of examples."""

    def items(self) -> tuple[list[Example], Counter[str]]:
        """Examples by kind, the problem set's own first."""
        recipe, attempts = self.job.recipe, self.job.stored
        kinds = recipe["sft"]["examples"]
        gold, left_out = self.chosen([GOLD] if GOLD in kinds else [], [])
        others = [kind for kind in kinds if kind != GOLD]
        if recipe["data"]["examples"] == "sampled" and others:
            wanted = recipe["problems_per_step"] * recipe["max_steps"] - len(gold)

            def worth(found: list[Stored]) -> int:
                return len(self.chosen(others, found)[0])

            attempts = Sampler.of(self).collect(worth, wanted, reflect=bool({PAIRS, CORRECTIONS} & set(kinds)))
        rest, also = self.chosen(others, attempts)
        return gold + rest, left_out + also

    def chosen(self, kinds: list[str], attempts: list[Stored]) -> tuple[list[Example], Counter[str]]:
        """At most `sft.per_problem` different examples of a problem and kind, and what was left out."""
        texts = Texts(self.job, self.words)
        out: list[Example] = []
        left_out: Counter[str] = Counter()
        for kind in kinds:
            taken: Counter[str] = Counter()
            seen: set[tuple[int, ...]] = set()
            for example in texts.of(kind, attempts):
                if example is None:
                    continue
                if not self.words.fits(example.ids):
                    left_out[f"{kind} too long for the model's context"] += 1
                elif tuple(example.ids) in seen:
                    left_out[f"{kind} the same as another one"] += 1
                elif taken[example.problem_id] >= self.job.recipe["sft"]["per_problem"]:
                    left_out[f"{kind} more than sft.per_problem"] += 1
                else:
                    seen.add(tuple(example.ids))
                    taken[example.problem_id] += 1
                    out.append(example)
        return out, left_out
