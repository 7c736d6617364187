"""Linear equations with an integer solution, and the misconceptions that spoil them.

A problem carries its own truth: from its integers and a set of misconceptions every line
of a solution follows. Nothing here is random except through the generator passed in.
"""

import hashlib
import random
from dataclasses import dataclass
from fractions import Fraction

KINDS = ("distribution", "product", "x-term", "sign", "denominator")
FORMS = {
    1: "one step and a quotient",
    2: "one bracket",
    3: "a bracket and x on both sides",
    4: "a fraction",
}
MAX_NUMBER = 99  # the tokenizer has one token for each of 0..99
HELDOUT_MODULUS = 5

# Misconceptions fire nearly always where their feature is visible and hardly ever elsewhere,
# so that most problems are mastered or unsolved and a plain retry repeats the error. The mild
# entries (.75) put some problems at the edge, where a group of samples is mixed.
MILD, STRONG = 0.75, 0.95
DISTRIBUTION_RATES = {-4: MILD, -5: 0.92, -6: STRONG}  # by b in a(x+b)
SIGN_RATES = {-3: MILD, -4: 0.92, -5: STRONG, -6: STRONG}  # by c
XTERM_RATES = {3: MILD, 4: 0.92, 5: STRONG}  # by e in ...=ex+d
DENOMINATOR_RATES = {4: MILD, 5: 0.92, 6: STRONG}  # by a in (x+b)/a
# A fixed table of products remembered wrongly: (a, b) -> (offset to |b|, rate).
PRODUCT_TABLE = {
    (3, 6): (1, STRONG), (4, 6): (-1, STRONG), (6, 4): (1, MILD), (6, 6): (-1, STRONG),
    (5, 3): (1, MILD), (4, 3): (1, STRONG), (6, 3): (-1, STRONG), (3, 4): (1, MILD),
    (4, -3): (-1, STRONG), (6, -3): (1, MILD), (5, -2): (1, STRONG), (6, -2): (1, STRONG),
}  # fmt: skip
RARE = 0.03
RARE_PRODUCT = 0.02


@dataclass(frozen=True)
class Problem:
    """One equation. Forms: 1 `ax+c=d`, 2 `a(x+b)+c=d`, 3 `a(x+b)+c=ex+d`, 4 `(x+b)/a+c=d`."""

    level: int
    a: int
    b: int
    c: int
    d: int
    e: int
    x: int

    @property
    def equation(self) -> str:
        """The equation in LaTeX, without dollars."""
        left = {1: x_term(self.a), 4: rf"\frac{{x{signed(self.b)}}}{{{self.a}}}"}.get(
            self.level, f"{self.a}(x{signed(self.b)})"
        )
        right = f"{x_term(self.e)}{signed(self.d)}" if self.level == 3 else str(self.d)
        return f"{left}{signed(self.c)}={right}"

    @property
    def text(self) -> str:
        """The problem as people and the model read it."""
        return f"Solve for $x$: ${self.equation}$"

    @property
    def heldout(self) -> bool:
        """Split by the text alone, so that no later change of the generator can leak."""
        digest = hashlib.sha256(self.text.encode()).digest()
        return int.from_bytes(digest, "big") % HELDOUT_MODULUS == 0

    @property
    def rates(self) -> dict[str, float]:
        """Probability of each misconception that can show in this form."""
        out: dict[str, float] = {}
        if self.level in (2, 3):
            out["distribution"] = DISTRIBUTION_RATES.get(self.b, RARE)
            out["product"] = PRODUCT_TABLE.get((self.a, self.b), (1, RARE_PRODUCT))[1]
        if self.level == 3:
            out["x-term"] = XTERM_RATES.get(self.e, RARE)
        out["sign"] = SIGN_RATES.get(self.c, RARE)
        if self.level == 4:
            out["denominator"] = DENOMINATOR_RATES.get(self.a, RARE)
        return out

    @property
    def features(self) -> list[str]:
        """The misconceptions this problem invites."""
        return [kind for kind, rate in self.rates.items() if rate > 2 * RARE]


def signed(n: int) -> str:
    """`+3`, `-3`, or nothing for 0."""
    return f"{n:+d}" if n else ""


def x_term(n: int) -> str:
    """`3x`, `x`, `-x`."""
    return {1: "x", -1: "-x"}.get(n, f"{n}x")


def quotient(r: int, m: int) -> str:
    """r/m as an integer where it comes out, else the unreduced fraction."""
    return str(r // m) if r % m == 0 else rf"\frac{{{r}}}{{{m}}}"


def draw_problem(rng: random.Random, heldout: bool | None = None) -> Problem:
    """A valid problem; heldout None takes either side of the split."""
    level = rng.choice((1, 2, 3, 3, 4))
    while True:
        x = rng.randint(-12, 12)
        a = rng.randint(3 if level == 3 else 2, 6)
        b = rng.choice((-1, 1)) * rng.randint(2, 6) if level > 1 else 0
        c = rng.choice((-1, 1)) * rng.randint(1, 6)
        e = rng.randint(1, a - 1) if level == 3 else 0
        if level == 4:
            if (x + b) % a or x + b == 0:
                continue
            d = (x + b) // a + c
        else:
            d = a * (x + b) + c - e * x
        problem = Problem(level, a, b, c, d, e, x)
        # x = 0 would hide an x-term error: the answer comes out right all the same.
        if abs(d) > 36 or (level in (2, 3) and a * b + c == 0) or (level == 3 and not (d and x)):
            continue
        if heldout is not None and problem.heldout != heldout:
            continue
        if solve(problem, frozenset()) is not None:
            return problem


def draw_errors(problem: Problem, rng: random.Random) -> frozenset[str]:
    """The misconceptions of one natural attempt, drawn independently; its lines fit the tokens."""
    while True:
        errors = frozenset(k for k, rate in problem.rates.items() if rng.random() < rate)
        if solve(problem, errors) is not None:
            return errors


def solve(problem: Problem, errors: frozenset[str]) -> list[str] | None:
    """Lines of the solution under these misconceptions; None if a number exceeds MAX_NUMBER.

    The last line is always `x=...`; lines that repeat the one before are left out.
    """
    lines = _fraction_lines(problem, errors) if problem.level == 4 else _lines(problem, errors)
    kept = [line for i, (line, _) in enumerate(lines) if i == 0 or line != lines[i - 1][0]]
    numbers = [n for _, ns in lines for n in ns]
    return kept if all(abs(n) <= MAX_NUMBER for n in numbers) else None


def _lines(p: Problem, errors: frozenset[str]) -> list[tuple[str, tuple[int, ...]]]:
    """Forms 1 to 3: (line, numbers in it)."""
    out: list[tuple[str, tuple[int, ...]]] = []
    right = f"{x_term(p.e)}{signed(p.d)}" if p.level == 3 else str(p.d)
    k = p.c
    if p.level > 1:
        product = p.a * p.b
        if "product" in errors:
            offset = PRODUCT_TABLE.get((p.a, p.b), (1, 0))[0]
            product = p.a * (abs(p.b) + offset) * (1 if p.b > 0 else -1)
        if "distribution" in errors:
            product = p.b
        k = product + p.c
        out.append((f"{x_term(p.a)}{signed(product)}{signed(p.c)}={right}", (product,)))
        out.append((f"{x_term(p.a)}{signed(k)}={right}", (k,)))
    m = p.a
    if p.level == 3:
        m = p.a + p.e if "x-term" in errors else p.a - p.e
        out.append((f"{x_term(m)}{signed(k)}={p.d}", ()))
    r = p.d + k if "sign" in errors else p.d - k
    out.append((f"{x_term(m)}={r}", (r,)))
    out.append((f"x={quotient(r, m)}", ()))
    return out


def _fraction_lines(p: Problem, errors: frozenset[str]) -> list[tuple[str, tuple[int, ...]]]:
    """Form 4: (line, numbers in it)."""
    q = p.d + p.c if "sign" in errors else p.d - p.c
    v = q if "denominator" in errors else p.a * q
    return [
        (rf"\frac{{x{signed(p.b)}}}{{{p.a}}}={q}", (q,)),
        (f"x{signed(p.b)}={v}", (v,)),
        (f"x={v - p.b}", (v - p.b,)),
    ]


def answer_of(lines: list[str]) -> Fraction:
    """The value of the last line `x=...`."""
    value = lines[-1].removeprefix("x=")
    if value.startswith(r"\frac{"):
        top, bottom = value.removeprefix(r"\frac{").removesuffix("}").split("}{")
        return Fraction(int(top), int(bottom))
    return Fraction(int(value))


def solution_text(lines: list[str]) -> str:
    r"""Each line in dollars on a line of its own, then `\boxed{}`."""
    boxed = lines[-1].removeprefix("x=")
    return "\n".join([f"${line}$" for line in lines] + [rf"\boxed{{{boxed}}}"])
