"""Which tokens of a reflection learn. Boundaries are characters; tokens are found under them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from errata_trainer.reflection import Reflection

Decode = Callable[[Sequence[int]], str]


def tokens_through(ids: Sequence[int], chars: int, decode: Decode) -> int:
    """Fewest leading tokens whose text holds `chars` characters: a straddling token is inside."""
    return bisect_left(range(len(ids) + 1), chars, key=lambda n: len(decode(ids[:n])))


def tokens_before(ids: Sequence[int], chars: int, decode: Decode) -> int:
    """Most leading tokens whose text ends by `chars`: a straddling token is outside."""
    return max(0, bisect_right(range(len(ids) + 1), chars, key=lambda n: len(decode(ids[:n]))) - 1)


@dataclass(frozen=True)
class Edges:
    """A reflection's parts in tokens; a token that straddles an edge of the analysis belongs to it."""

    thought: int
    """Tokens of thinking."""
    start: int
    """First token of the analysis: of its heading, or after the thinking where there is none."""
    end: int
    """After the last token of the `Corrected Solution` marker; all tokens where there is none."""


def find_edges(ids: Sequence[int], reflection: Reflection, decode: Decode) -> Edges:
    """From the characters of the parsed text to tokens. `decode` gives the text that was parsed."""
    thought = tokens_before(ids, reflection.think_end, decode) if reflection.think_end else 0
    start = tokens_before(ids, reflection.start, decode) if reflection.start > 0 else thought
    end = tokens_through(ids, reflection.boundary, decode) if reflection.boundary >= 0 else len(ids)
    return Edges(thought, start, end)


def correction_mask(length: int, edges: Edges, mask: str, think_mask: int) -> list[int]:
    """1 for each of `length` tokens that may learn, 0 for the rest (docs/methods.md, ScRPO stage 2).

    `solution` is what follows the marker, the end token included. Thinking follows `think_mask`,
    except under `solution`.
    """
    if mask == "solution":
        return [0] * edges.end + [1] * (length - edges.end)
    out = [0] * length
    first, last = (edges.start, edges.end) if mask == "analysis" else (edges.thought, length)
    out[first:last] = [1] * (last - first)
    out[: edges.thought] = [think_mask] * edges.thought
    return out
