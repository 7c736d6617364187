"""A token's own text, for people; also of tokens that are a part of a character."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

BROKEN = "\ufffd"


@dataclass(frozen=True)
class Piece:
    """A token as it is shown."""

    id: int
    text: str
    """Empty for a part of a character that ends in a later token; the last part shows the whole character."""
    bytes: str = ""
    """Of a token that splits a character: its bytes, in hexadecimal."""


def pieces(tokenizer: Any, ids: Sequence[int]) -> list[Piece]:
    """Each token with what it writes. Joined, the texts are the whole text, but for invalid bytes at its end."""
    out: list[Piece] = []
    waiting: list[int] = []
    for token in ids:
        text = _alone(tokenizer, token)
        if BROKEN not in text and not waiting:
            out.append(Piece(token, text))
            continue
        # Bytes of one character, or more, are gathered until they are whole.
        waiting.append(token)
        whole = tokenizer.decode(waiting, skip_special_tokens=False)
        done = BROKEN not in whole or len(waiting) > 8
        out.append(Piece(token, whole if done else "", _hex(tokenizer, token)))
        if done:
            waiting = []
    return out


def _alone(tokenizer: Any, token: int) -> str:
    text: str = tokenizer.decode([token], skip_special_tokens=False)
    raw = tokenizer.convert_ids_to_tokens(token)
    # SentencePiece's decoders drop the space that a first word begins with.
    begins = isinstance(raw, str) and raw.startswith("\u2581") and not text.startswith(" ")
    return f" {text}" if begins else text


def _hex(tokenizer: Any, token: int) -> str:
    raw = tokenizer.convert_ids_to_tokens(token) or ""
    if raw.startswith("<0x") and raw.endswith(">"):
        return raw[3:-1]
    known = _byte_letters()
    return " ".join(f"{known[c]:02X}" for c in raw) if all(c in known for c in raw) else ""


@lru_cache(maxsize=1)
def _byte_letters() -> dict[str, int]:
    """Letters that byte-level tokenizers write bytes with (GPT-2's table, as tokenizers' ByteLevel has it)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [b for b in range(256) if b not in shown]
    return {chr(b): b for b in shown} | {chr(256 + i): b for i, b in enumerate(hidden)}
