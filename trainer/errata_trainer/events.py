"""The run's folder as the editor reads it: `events.jsonl`, `rollouts/`, `heartbeat.json`.

The types are those of src/protocol/events.ts; times are seconds since the epoch.
"""

import json
import math
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

HEARTBEAT_SECONDS = 2.0
STATE_FILE = "errata_state.json"
"""Our part of a checkpoint: pool, place in the problems, alarms."""


def write_json(path: Path, value: Any) -> None:
    """Write a file so that a reader sees the old text or the new one, never a part."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    scratch.write_text(json.dumps(value) + "\n", encoding="utf-8")
    scratch.replace(path)


class EventLog:
    """Appends events. Every line is flushed, so that the editor's curves are live."""

    def __init__(self, folder: Path, enabled: bool = True) -> None:
        """`enabled` is false on every rank but the first: it writes nothing then."""
        self.folder, self._enabled = folder, enabled
        path = folder / "events.jsonl" if enabled else Path(os.devnull)
        # A trainer that was killed may have left half a line; what we append must not join it.
        torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a", encoding="utf-8")
        if torn:
            self._file.write("\n")

    def emit(self, type_: str, **fields: Any) -> None:
        """Append one event. Fields that are None or not finite are left out: not measured."""
        event: dict[str, Any] = {"type": type_, "time": time.time()}
        for key, value in fields.items():
            if value is None or (isinstance(value, float) and not math.isfinite(value)):
                continue
            event[key] = value
        self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
        self._file.flush()

    def rollouts(self, step: int, rows: Iterable[dict[str, Any]]) -> None:
        """Write `rollouts/step-N.jsonl` and say so. A step done again after a resume replaces its file."""
        if not self._enabled:
            return
        name = f"rollouts/step-{step}.jsonl"
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        scratch = path.with_suffix(".tmp")
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        scratch.write_text("".join(lines), encoding="utf-8")
        scratch.replace(path)
        self.emit("rollouts", step=step, file=name)


class Heartbeat:
    """Rewrites `heartbeat.json` every 2 seconds from a thread, until stopped."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "heartbeat.json"
        # The start time tells our pid from a later process that was given the same one.
        self._started = psutil.Process().create_time()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="heartbeat")

    def start(self) -> None:
        """Beat once now, then from the thread."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """End the thread. The last beat stays; it grows stale."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(HEARTBEAT_SECONDS):
            self._beat()

    def _beat(self) -> None:
        # A full disk must not end the thread: the next beat may succeed.
        try:
            beat = {"pid": os.getpid(), "started": self._started, "time": time.time()}
            write_json(self._path, beat)
        except OSError:
            pass
