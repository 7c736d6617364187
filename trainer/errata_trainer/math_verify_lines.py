"""`python -m errata_trainer.math_verify_lines`: math-verify as a grader that speaks JSON lines.

In: {"id", "gold", "text"}. Out, in the same order: {"id", "verdict", "answer", "span", "reason"}. The span is in UTF-16
units, as Errata counts. Time limits rest on SIGALRM: everything runs on the main thread.
"""

import json
import logging
import sys
from typing import Any, TextIO

from math_verify import parse, verify
from math_verify.errors import TimeoutException

LONGEST_ANSWER = 10_000


def read(text: str) -> tuple[list[Any], str | None]:
    """What math-verify reads out of a text, and the characters that it read.

    Raises TimeoutException; a text that it fails on is one without an answer.
    """
    try:
        found = parse(text, raise_on_error=True)
    except Exception:
        return [], None
    return found, str(found[-1])[:LONGEST_ANSWER] if found else None


def span_of(text: str, answer: str) -> list[int] | None:
    """UTF-16 [start, end) of an answer; math-verify does not say where it read it, so only where it stands once."""
    at = text.find(answer)
    if answer == "" or at < 0 or text.find(answer, at + 1) >= 0:
        return None
    start = len(text[:at].encode("utf-16-le", "surrogatepass")) // 2
    return [start, start + len(answer.encode("utf-16-le", "surrogatepass")) // 2]


def equal(gold: list[Any], found: list[Any]) -> bool | None:
    """None where math-verify fails on the comparison, which it would itself call different."""
    try:
        return verify(gold, found, raise_on_error=True)
    except Exception:
        return verify(gold, found) or None


def grade(gold: str, text: str) -> dict[str, Any]:
    """What math-verify says of one text."""
    answer = None
    try:
        expected = read(f"${gold}$")[0] or read(gold)[0]
        found, answer = read(text)
        if not found:
            return said("unscored", None, text, "math-verify found no answer in the text")
        if not expected:
            return said("unscored", answer, text, "math-verify cannot read the gold answer")
        same = equal(expected, found)
    except TimeoutException:
        return said("unscored", answer, text, "math-verify ran out of time")
    except RecursionError:
        return said("unscored", answer, text, "math-verify cannot read an expression so deep")
    if same is None:
        return said("unscored", answer, text, "math-verify failed to compare the answers")
    return said("correct" if same else "incorrect", answer, text, f"math-verify: {'equal' if same else 'different'}")


def said(verdict: str, answer: str | None, text: str, reason: str) -> dict[str, Any]:
    """The fields of a reply."""
    span = None if answer is None else span_of(text, answer)
    return {"verdict": verdict, "answer": answer, "span": span, "reason": reason}


def serve(source: TextIO, sink: TextIO) -> None:
    """Answers line by line until the input ends."""
    for line in source:
        if not line.strip():
            continue
        row = json.loads(line)
        sink.write(json.dumps({"id": row["id"], **grade(row["gold"], row["text"])}) + "\n")
        sink.flush()


if __name__ == "__main__":
    # Every comparison that runs out of time would say so; the reply does.
    logging.disable(logging.WARNING)
    serve(sys.stdin, sys.stdout)
