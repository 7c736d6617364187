"""What a run samples before its first step, kept batch by batch: one that is stopped meanwhile goes on from there.

The run's folder holds it (`collected.jsonl`), used or not: what was generated is not thrown away.
"""

import json
from pathlib import Path
from typing import Any

COLLECTED_FILE = "collected.jsonl"


class Collected:
    """The batches of one kind. What a batch holds follows from its number and the run's recipe alone."""

    def __init__(self, folder: Path, kind: str, main: bool) -> None:
        """`main`: this rank writes. The others read what stood there before."""
        self._path, self._kind, self._main = folder / COLLECTED_FILE, kind, main
        self._known: dict[int, tuple[list[Any], int]] = {}
        text = self._path.read_text(encoding="utf-8") if self._path.is_file() else ""
        # A trainer that was killed may have left half a line; what we append must not join it.
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if row["kind"] == kind:
                self._known[row["batch"]] = row["found"], row["tokens"]

    def get(self, batch: int) -> tuple[list[Any], int] | None:
        """What was made of a batch, as JSON, and how many tokens it took; None when it has to be made."""
        return self._known.get(batch)

    def add(self, batch: int, found: list[Any], tokens: int) -> None:
        """Keep a batch, once."""
        if batch in self._known:
            return
        self._known[batch] = found, tokens
        if not self._main:
            return
        row = {"kind": self._kind, "batch": batch, "tokens": tokens, "found": found}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("\n" if self._torn else "") + json.dumps(row, ensure_ascii=False) + "\n")
        self._torn = False
