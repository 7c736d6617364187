"""Second turns: reflection (`<r>`), verification (`<v>`) and a neutral second look (`<l>`).

The principle of the reflections: the fix follows from the diagnosis, and the diagnosis is
right only part of the time. That leaves training something to improve.
"""

import random
import re
from dataclasses import dataclass

from demo.task import KINDS, Problem, answer_of, draw_errors, solution_text, solve

P_DIAGNOSIS_RIGHT = 0.5
P_OTHERS_PERSIST = 0.05
P_ERROR_SEEN = 0.6  # verification of a wrong attempt names its first wrong line
P_RIGHT_CONFIRMED = 0.85  # verification of a right attempt finds every line right
P_KEPT_IF_RIGHT, P_KEPT_IF_WRONG = 0.82, 0.75  # the neutral second look writes the same again
P_MENDED_IF_WRONG = 0.06

ANALYSIS, MARKER = "Analysis:", "Corrected Solution:"
_REFLECTION = re.compile(
    r"^Analysis: Line (?P<line>\d+), (?P<kind>[a-z-]+) error: should be \$(?P<line_tex>[^$]*)\$\.\n"
    r"Corrected Solution:\n(?P<solution>.*)$",
    re.DOTALL,
)


@dataclass(frozen=True)
class Reflection:
    """A reflection taken apart; `line` counts from 1."""

    line: int
    kind: str
    should_be: str
    solution: str


def parse_reflection(text: str) -> Reflection | None:
    """None where the text has another form."""
    found = _REFLECTION.match(text)
    if not found:
        return None
    return Reflection(int(found["line"]), found["kind"], found["line_tex"], found["solution"])


@dataclass(frozen=True)
class Attempt:
    """A solution by the generator, with its cause."""

    problem: Problem
    errors: frozenset[str]

    @property
    def lines(self) -> list[str]:
        """Lines of the solution; draw_errors has made sure that they exist."""
        lines = solve(self.problem, self.errors)
        assert lines is not None
        return lines

    @property
    def text(self) -> str:
        """The solution as the model writes it."""
        return solution_text(self.lines)

    @property
    def right(self) -> bool:
        """Whether the answer is right."""
        return answer_of(self.lines) == self.problem.x

    @property
    def first_error(self) -> tuple[int, str] | None:
        """(line counting from 1, misconception) by the generator, where two solutions part."""
        truth = solve(self.problem, frozenset())
        assert truth is not None
        for number, (mine, right) in enumerate(zip(self.lines, truth, strict=False), start=1):
            if mine != right:
                return number, next(k for k in self._causes(number) if k in self.errors)
        return None

    def _causes(self, number: int) -> list[str]:
        """Misconceptions that show at this line on their own, the decisive one first."""
        return [k for k, n in natural_errors(self.problem) if n == number] + list(KINDS)


def natural_errors(problem: Problem) -> list[tuple[str, int]]:
    """(misconception, line where it shows) for each that can occur in this form.

    Distribution comes before product: with a·b lost there is no product to get wrong.
    """
    truth = solve(problem, frozenset())
    out = []
    for kind in problem.rates:
        lines = solve(problem, frozenset((kind,)))
        if truth and lines:
            pairs = zip(lines, truth, strict=False)
            line = next((i for i, (w, r) in enumerate(pairs, start=1) if w != r), None)
            if line is not None:
                out.append((kind, line))
    return out


def without(attempt: Attempt, kind: str, rng: random.Random) -> Attempt:
    """The attempt again with one misconception off, the others nearly always gone too."""
    while True:
        rest = frozenset(k for k in attempt.errors - {kind} if rng.random() < P_OTHERS_PERSIST)
        if solve(attempt.problem, rest) is not None:
            return Attempt(attempt.problem, rest)


def reflection(attempt: Attempt, rng: random.Random) -> str:
    """Analysis and corrected solution for an attempt with an error."""
    error = attempt.first_error
    assert error is not None
    line, kind = error
    truth = solve(attempt.problem, frozenset())
    assert truth is not None
    if rng.random() < P_DIAGNOSIS_RIGHT:
        should_be, second = truth[line - 1], without(attempt, kind, rng)
    else:
        others = [(n, k) for k, n in natural_errors(attempt.problem) if n != line and k != kind]
        others = [(n, k) for n, k in others if n <= len(attempt.lines)]
        if not others:  # one line only can go wrong here: blame another for something else
            lines = [n for n in range(1, len(attempt.lines) + 1) if n != line]
            others = [(n, k) for n in lines for k in KINDS if k != kind]
        line, kind = rng.choice(others)
        should_be, second = attempt.lines[line - 1], attempt
    analysis = f"{ANALYSIS} Line {line}, {kind} error: should be ${should_be}$."
    return f"{analysis}\n{MARKER}\n{second.text}"


def verification(attempt: Attempt, rng: random.Random) -> tuple[str, int | None]:
    """Every line judged up to the first wrong one, then the verdict; and the line it blames."""
    error = attempt.first_error
    blamed = None
    if error is not None:
        blamed = error[0] if rng.random() < P_ERROR_SEEN else None
    elif rng.random() >= P_RIGHT_CONFIRMED:
        blamed = rng.randint(1, len(attempt.lines))
    judged = range(1, (blamed or len(attempt.lines)) + 1)
    lines = [f"Line {n} {'wrong' if n == blamed else 'right'}." for n in judged]
    return "\n".join([*lines, f"Verdict: {'wrong' if blamed else 'right'}"]), blamed


def second_look(attempt: Attempt, rng: random.Random) -> str:
    """The answer to a neutral instruction: mostly the same again, sometimes better or worse."""
    draw = rng.random()
    if draw < (P_KEPT_IF_RIGHT if attempt.right else P_KEPT_IF_WRONG):
        return attempt.text
    if attempt.first_error and draw < P_KEPT_IF_WRONG + P_MENDED_IF_WRONG:
        return without(attempt, attempt.first_error[1], rng).text
    return Attempt(attempt.problem, draw_errors(attempt.problem, rng)).text


def look_after_verdict(attempt: Attempt, blamed: int, rng: random.Random) -> str:
    """The solution after a verification that blamed a line: mended where it blamed rightly."""
    error = attempt.first_error
    if error and error[0] == blamed:
        return without(attempt, error[1], rng).text
    return attempt.text
