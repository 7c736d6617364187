"""What is wrong with a solution: its first wrong line, and the misconception behind it.

The first wrong line needs no generator: it is the first that the true x does not satisfy.
The misconception needs it: it is the one whose lines are equal to the solution's up to there.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from demo.task import KINDS, Problem, solve

_TOKEN = re.compile(r"\d+|[x+\-(){}]|\\frac")


@dataclass(frozen=True)
class Truth:
    """`line` counts from 1; `should_be` is the right line there, without dollars."""

    line: int
    kind: str
    should_be: str


def lines_of(solution: str) -> list[str]:
    """The lines between dollars, in their order."""
    return re.findall(r"\$([^$\n]*)\$", solution)


def boxed_answer(text: str) -> str | None:
    """What stands in the last box, brackets balanced; None without one."""
    start = text.rfind(r"\boxed{")
    if start < 0:
        return None
    depth = 0
    for i in range(start + len(r"\boxed"), len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return text[start + len(r"\boxed{") : i]
    return None


def is_right(problem: Problem, text: str) -> bool:
    """Whether the last box holds the integer solution."""
    return boxed_answer(text) == str(problem.x)


def value_at(expression: str, x: int) -> Fraction:
    """The value of a side such as `3(x-5)+5`; ValueError where it does not parse."""
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != expression or not tokens:
        raise ValueError(expression)
    value = _sum(tokens, x)
    if tokens:
        raise ValueError(expression)
    return value


def _sum(tokens: list[str], x: int) -> Fraction:
    sign = 1
    if tokens[:1] in (["-"], ["+"]):
        sign = -1 if tokens.pop(0) == "-" else 1
    total = sign * _term(tokens, x)
    while tokens and tokens[0] in "+-":
        sign = -1 if tokens.pop(0) == "-" else 1
        total += sign * _term(tokens, x)
    return total


def _term(tokens: list[str], x: int) -> Fraction:
    """Factors written side by side, such as `3x` or `3(x-5)`."""
    product, count = Fraction(1), 0
    while tokens and tokens[0] not in ("+", "-", ")", "}"):
        head = tokens.pop(0)
        if head == "x":
            product *= x
        elif head == "(":
            product *= _closed(tokens, x, ")")
        elif head == r"\frac":
            top = _braced(tokens, x)
            bottom = _braced(tokens, x)
            if bottom == 0:
                raise ValueError("division by zero")
            product *= top / bottom
        elif head.isdigit():
            product *= int(head)
        else:
            raise ValueError(head)
        count += 1
    if not count:
        raise ValueError("empty term")
    return product


def _braced(tokens: list[str], x: int) -> Fraction:
    if tokens[:1] != ["{"]:
        raise ValueError("expected {")
    tokens.pop(0)
    return _closed(tokens, x, "}")


def _closed(tokens: list[str], x: int, bracket: str) -> Fraction:
    value = _sum(tokens, x)
    if tokens[:1] != [bracket]:
        raise ValueError(f"expected {bracket}")
    tokens.pop(0)
    return value


def holds(line: str, x: int) -> bool:
    """Whether x satisfies the equation; a line that is none does not hold."""
    sides = line.split("=")
    try:
        return len(sides) == 2 and value_at(sides[0], x) == value_at(sides[1], x)
    except ValueError:
        return False


def first_wrong_line(problem: Problem, solution: str) -> int | None:
    """By substitution, counting from 1; None when every line holds."""
    for number, line in enumerate(lines_of(solution), start=1):
        if not holds(line, problem.x):
            return number
    return None


def diagnose(problem: Problem, solution: str) -> Truth | None:
    """The first wrong line, its misconception and the right line; None when every line holds.

    A slip that no single misconception explains is called `arithmetic`.
    """
    number = first_wrong_line(problem, solution)
    right = solve(problem, frozenset())
    if number is None or right is None:
        return None
    written = lines_of(solution)[:number]
    should_be = right[min(number, len(right)) - 1]
    for kind in KINDS:
        if kind not in problem.rates:
            continue
        lines = solve(problem, frozenset((kind,)))
        if lines and lines[:number] == written:
            return Truth(number, kind, should_be)
    return Truth(number, "arithmetic", should_be)
