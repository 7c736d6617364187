"""`python -m errata_trainer.preview FOLDER`: what every token of an item would receive, before anything starts.

Reads a folder as the launcher writes it, loads the tokenizer and no weights, and asks the method's own `learning`:
the very function that masks the gradient. Answers in JSON lines on standard output: a `head`, then an `item` each
(src/protocol/run-preview.ts).
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

from errata_trainer.build import trainer_class
from errata_trainer.errors import TrainerError
from errata_trainer.offline import Offline, Words
from errata_trainer.preview_parts import TOLD, Episodes, Part, words_of
from errata_trainer.recipe import Job, Stored, load_job
from errata_trainer.reflection import strip_thinking
from errata_trainer.token_text import Piece, pieces

MEASURED = 400
"""Prompts that are measured against the context at most."""


def preview(job: Job, wanted: list[int], limit: int) -> Iterator[dict[str, Any]]:
    """The head, then the items: the wanted attempts, or the first `limit` that the run would use."""
    words = words_of(job)
    source: Any = None
    if issubclass(trainer_class(job.recipe), Offline):
        # Only now: each of TRL's trainers takes a second or more to load.
        from errata_trainer.preview_examples import Examples

        source = Examples(job, words)
    else:
        source = Episodes(job, words)
    found = source.chosen()
    chosen = [s for s in found if s.attempt in wanted] if wanted else spread(found)
    yield {"type": "head", "method": job.recipe["method"], **fit(job, words)}
    shown = 0
    for stored in chosen:
        parts = source.parts(stored) if shown < limit else []
        if parts:
            shown += 1
            yield {
                "type": "item",
                "attempt": stored.attempt,
                "problem": stored.problem.problem,
                "verdict": stored.verdict,
                "parts": [part_json(words, part) for part in parts],
            }


def spread(found: list[Stored]) -> list[Stored]:
    """One of every problem first, then another: each of the first few shows something new."""
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, Stored]] = []
    for stored in found:
        ranked.append((seen[stored.problem.id], stored))
        seen[stored.problem.id] += 1
    return [stored for _, stored in sorted(ranked, key=lambda pair: pair[0])]


def fit(job: Job, words: Words) -> dict[str, Any]:
    """Do prompts and completions fit into the model's context? Lengths in tokens."""
    method, s2r, completion = job.recipe["method"], job.recipe["s2r"], job.recipe["max_completion_length"]
    prompts = [len(words.prompt(job.solve.messages(problem=p.problem))) for p in job.problems[:MEASURED]]
    for error in job.seeds[:MEASURED] if method in ("scrpo", "rrr") else ():
        told = {"problem": error.problem, "solution": error.solution}
        if job.recipe["strip_thinking"]:
            told["solution"] = strip_thinking(error.solution)
        prompts.append(len(words.prompt(job.reflect.messages(**told))))
        if method == "rrr":
            # The retry is asked after a reflection, which may be as long as the model may write.
            prompts.append(len(words.prompt(job.prompt("retry").messages(**told, reflection=""))) + completion)
    turns = 2 if method == "score" else 2 * s2r["max_solutions"] if method == "s2r" else 1
    return {
        "prompt": max(prompts, default=0),
        "completion": completion,
        "context": words.context,
        # Examples are made to fit.
        "turns": 1 if s2r["stage"] == "initialise" else turns,
    }


def part_json(words: Words, part: Part) -> dict[str, Any]:
    """A part's tokens with their text, and for each verdict what they receive: one letter a token."""
    asked = [token_json(piece, "prompt") for piece in pieces(words.tokenizer, part.prompt)]
    said = zip(pieces(words.tokenizer, part.ids), part.kinds, strict=True)
    return {
        "stage": part.stage,
        "made": part.made,
        "tokens": asked + [token_json(piece, kind) for piece, kind in said],
        "cases": [{"when": when, "classes": TOLD * len(asked) + letters} for when, letters in part.cases.items()],
    }


def token_json(piece: Piece, kind: str) -> dict[str, Any]:
    """As src/protocol/run-preview.ts has it."""
    return {"id": piece.id, "text": piece.text, "kind": kind} | ({"bytes": piece.bytes} if piece.bytes else {})


def main() -> int:
    """Exit status: 0, 1 failed (the last line is an `error`)."""
    parser = argparse.ArgumentParser(prog="errata_trainer.preview", description="What every token would receive.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--attempts", default="", help="ids, with commas between")
    parser.add_argument("--limit", type=int, default=12)
    args = parser.parse_args()
    # Libraries write what they like to standard output; the answer must stand there alone.
    answer, sys.stdout = sys.stdout, sys.stderr
    wanted = [int(word) for word in args.attempts.split(",") if word]
    try:
        for line in preview(load_job(args.folder.resolve()), wanted, args.limit):
            print(json.dumps(line), file=answer, flush=True)
        return 0
    except TrainerError as error:
        print(json.dumps({"type": "error", "message": str(error)}), file=answer, flush=True)
        return 1
    finally:
        sys.stdout = answer


if __name__ == "__main__":
    sys.exit(main())
