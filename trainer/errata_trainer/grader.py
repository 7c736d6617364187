"""Rewards come from the pool's own grader: `errata grade --serve`, JSON lines over a pipe.

Where Node is missing, math-verify answers instead, and the run says so.
"""

import json
import queue
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from math_verify import parse, verify

from errata_trainer.errors import TrainerError

REPLY_SECONDS = 120.0
"""Longest silence of the grader while answers are due; one comparison takes it a few seconds at most."""
CACHE_SIZE = 50_000


@dataclass(frozen=True)
class Grade:
    """What the grader says of one text."""

    verdict: str
    """correct, incorrect or unscored."""
    answer: str | None


class Grader(Protocol):
    """Grades texts against gold answers, in order."""

    def grade(self, pairs: Sequence[tuple[str, str]]) -> list[Grade]:
        """`pairs` are (text, gold)."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class NodeGrader:
    """The command-line grader as a child process, restarted once when it dies in the middle of a batch."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self._process: subprocess.Popen[str] | None = None
        self._replies: queue.Queue[str | None] = queue.Queue()
        # Rollouts repeat themselves; a decided pair is never asked twice.
        self._known: dict[tuple[str, str], Grade] = {}

    def grade(self, pairs: Sequence[tuple[str, str]]) -> list[Grade]:
        """Grades in the order of `pairs`. Raises TrainerError when the grader cannot be made to answer."""
        fresh = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        answered: dict[tuple[str, str], Grade] = {}
        if fresh:
            try:
                answered = self._ask(fresh)
            except (OSError, EOFError, TimeoutError):
                self.close()
                answered = self._ask_again(fresh)
        out = [answered.get(pair) or self._known[pair] for pair in pairs]
        if len(self._known) > CACHE_SIZE:
            self._known.clear()
        # An unscored pair may have been a matter of time: it is asked again when it comes back.
        self._known.update((p, g) for p, g in answered.items() if g.verdict != "unscored")
        return out

    def close(self) -> None:
        """End the child process."""
        if self._process is None:
            return
        if self._process.stdin:
            try:
                self._process.stdin.close()
            except OSError:
                pass  # it is gone already
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _ask_again(self, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], Grade]:
        try:
            return self._ask(pairs)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise TrainerError(
                f"The grader does not answer ({' '.join(self.command)}): {error}.",
                "Build the extension anew and resume the run.",
            ) from error

    def _ask(self, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], Grade]:
        process = self._start()
        if process.stdin is None:
            raise EOFError("it has no input")
        for number, (text, gold) in enumerate(pairs):
            process.stdin.write(json.dumps({"id": number, "gold": gold, "text": text}) + "\n")
        process.stdin.flush()
        out: dict[tuple[str, str], Grade] = {}
        while len(out) < len(pairs):
            try:
                line = self._replies.get(timeout=REPLY_SECONDS)
            except queue.Empty:
                raise TimeoutError(f"silent for {REPLY_SECONDS:.0f} s") from None
            if line is None:
                raise EOFError("it ended")
            reply = json.loads(line)
            out[pairs[reply["id"]]] = Grade(reply["verdict"], reply.get("answer"))
        return out

    def _start(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._replies = queue.Queue()
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        # Read from a thread: writing a large batch while nobody reads would block both sides.
        target = self._read, (self._process.stdout, self._replies)
        threading.Thread(target=target[0], args=target[1], daemon=True, name="grader").start()
        return self._process

    @staticmethod
    def _read(stream: IO[str] | None, replies: "queue.Queue[str | None]") -> None:
        for line in stream or ():
            if line.strip():
                replies.put(line)
        replies.put(None)


class MathVerifyGrader:
    """math-verify in this process. It uses SIGALRM for its time limit: call it from the main thread."""

    def grade(self, pairs: Sequence[tuple[str, str]]) -> list[Grade]:
        """Grades in the order of `pairs`."""
        return [self._one(text, gold) for text, gold in pairs]

    def close(self) -> None:
        """Nothing to let go of."""

    @staticmethod
    def _one(text: str, gold: str) -> Grade:
        expected = parse(f"${gold}$") or parse(gold)
        found = parse(text)
        # As the pool's grader says it: without an answer there is nothing to decide.
        if not found:
            return Grade("unscored", None)
        if not expected:
            return Grade("unscored", str(found[-1]))
        return Grade("correct" if verify(expected, found) else "incorrect", str(found[-1]))
