"""Which tokens of a reflection learn. Boundaries are characters; tokens are found under them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from errata_trainer.reflection import Reflection

Decode = Callable[[Sequence[int]], str]


def tokens_through(ids: Sequence[int], chars: int, decode: Decode) -> int:
    """Fewest leading tokens whose text holds `chars` characters: a straddling token is inside."""
    return bisect_left(range(len(ids) + 1), chars, key=lambda n: len(decode(ids[:n])))


def tokens_before(ids: Sequence[int], chars: int, decode: Decode) -> int:
    """Most leading tokens whose text ends by `chars`: a straddling token is outside."""
    return max(0, bisect_right(range(len(ids) + 1), chars, key=lambda n: len(decode(ids[:n]))) - 1)


def correction_mask(
    ids: Sequence[int], reflection: Reflection, decode: Decode, mask: str, think_mask: int
) -> list[int]:
    """1 for each token that may learn, 0 for the rest (METHODS.md, ScRPO stage 2).

    `analysis` runs from the `Analysis` heading through the last token of the `Corrected
    Solution` marker; a token that straddles either edge belongs to it. Without a heading it
    starts after the thinking, without a marker it has no end. `solution` is what follows the
    marker, the end token included. Thinking follows `think_mask`, except under `solution`.
    """
    length = len(ids)
    thought = tokens_before(ids, reflection.think_end, decode) if reflection.think_end else 0
    start = tokens_before(ids, reflection.start, decode) if reflection.start >= 0 else thought
    end = tokens_through(ids, reflection.boundary, decode) if reflection.boundary >= 0 else length
    if mask == "solution":
        return [0] * end + [1] * (length - end)
    out = [0] * length
    first, last = (start, end) if mask == "analysis" else (thought, length)
    out[first:last] = [1] * (last - first)
    out[:thought] = [think_mask] * thought
    return out
