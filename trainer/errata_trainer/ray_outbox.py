"""What a run on a Ray cluster sends home, without a file system that both sides see.

Numbered parts are written into Ray's own log folder on the node of the job's driver, where the dashboard serves them
by name. The editor fetches one after the other and remembers the last number: a lost connection or a closed window
costs nothing. A part is a sequence of records, each a line of JSON and, for `bytes`, that many bytes after it:

    {"op": "home", "folder": H}                       where the parts lie, to be cleared away when all have come
    {"op": "bytes", "file": F, "at": N, "size": S}   belong at place N of the run's file F
    {"op": "done", "folder": D}                      every file of the folder D has been sent
    {"op": "note", "text": T}                        what the run waits for; an empty text: for nothing any more
    {"op": "end"}                                    nothing comes after this
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

PART = 4 << 20
"""Bytes of a file in one part at most."""
TRAVELS = 256 << 20
"""Bytes of a checkpoint that is still sent home: Resume uploads it again, and a package may have 500 MiB."""
FOLDER_SIZE = 100
"""Parts in one folder: looking for the next one lists no more names than these."""


def record(op: str, data: bytes = b"", **fields: Any) -> bytes:
    """One record; `data` follows its line."""
    return json.dumps({"op": op, **fields}).encode() + b"\n" + data


class Outbox:
    """Writes parts; a reader sees a whole one or none."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    def put(self, part: bytes) -> None:
        """Write the next part: `<number // 100>/<number, 8 digits>.part`."""
        path = self._folder / str(self._number // FOLDER_SIZE) / f"{self._number:08d}.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".tmp")
        scratch.write_bytes(part)
        scratch.replace(path)
        self._number += 1


class Publisher:
    """Sends what is new in a run's folder. What an event speaks of is sent before the event."""

    def __init__(self, folder: Path, send: Callable[[bytes], None], *, keeps_checkpoints: bool = False) -> None:
        """`keeps_checkpoints`: they lie in a storage that outlives the job, and do not travel."""
        self._folder, self._send, self._keeps = folder, send, keeps_checkpoints
        self._at = {"events.jsonl": 0, "log.txt": 0}
        self.ended = False
        """The run's `end` event has been sent."""

    def look(self) -> bool:
        """Send the log's new bytes, then the new events with their files. Returns whether there was anything."""
        log = self._new("log.txt")
        if log:
            self._send(self._bytes("log.txt", log))
        events = self._new("events.jsonl")
        whole = events[: events.rfind(b"\n") + 1]
        ready = b""
        for line in whole.splitlines(keepends=True):
            sent = self._files_of(line)
            if sent and ready:
                self._send(self._bytes("events.jsonl", ready))
                ready = b""
            for part in sent:
                try:
                    self._send(part())
                except FileNotFoundError:
                    break  # a checkpoint that newer ones have pushed out meanwhile
            ready += line
        if ready:
            self._send(self._bytes("events.jsonl", ready))
        return bool(log or whole)

    def _new(self, name: str) -> bytes:
        path = self._folder / name
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            file.seek(self._at[name])
            return file.read(PART)

    def _bytes(self, name: str, data: bytes) -> bytes:
        at = self._at[name]
        self._at[name] += len(data)
        return record("bytes", data, file=name, at=at, size=len(data))

    def _files_of(self, line: bytes) -> list[Callable[[], bytes]]:
        """What has to arrive before this event: makers of parts, so that one at a time is in memory."""
        try:
            event = json.loads(line)
        except ValueError:
            return []
        if event["type"] == "rollouts":
            return self._file(str(event["file"]))
        if event["type"] == "checkpoint" and not self._keeps:
            folder = self._folder / event["path"]
            if folder.is_dir() and _size(folder) <= TRAVELS:
                return self._tree(str(event["path"]))
        if event["type"] == "end":
            self.ended = True
            if "model" in event or (self._folder / "model").is_dir():
                return self._tree("model")
        return []

    def _tree(self, name: str) -> list[Callable[[], bytes]]:
        files = sorted(path for path in (self._folder / name).rglob("*") if path.is_file())
        parts = [part for path in files for part in self._file(path.relative_to(self._folder).as_posix())]
        return [*parts, lambda: record("done", folder=name)]

    def _file(self, name: str) -> list[Callable[[], bytes]]:
        path = self._folder / name
        if not path.is_file():
            return []
        places = range(0, max(1, path.stat().st_size), PART)
        return [lambda at=at: _piece(path, name, at) for at in places]


def _piece(path: Path, name: str, at: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        data = file.read(PART)
    return record("bytes", data, file=name, at=at, size=len(data))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
