"""Stopping between steps: `control.json` from the editor, or a signal from elsewhere."""

import json
import signal
from pathlib import Path
from types import FrameType
from typing import ClassVar


class StoppedEarly(Exception):  # noqa: N818 (nothing went wrong)
    """The run was asked to stop before its first step: there is nothing to keep."""


class StopRequest:
    """Has somebody asked the run to stop? A signal and the file mean the same."""

    _signalled: ClassVar[bool] = False
    """Signals are the process's: whoever looks for a request hears of them."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "control.json"

    def listen(self) -> None:
        """Turn SIGTERM and SIGINT into a request; the step that runs is finished first."""
        StopRequest._signalled = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def forget(self) -> None:
        """Drop a request that was fulfilled."""
        self._file.unlink(missing_ok=True)

    def forget_before(self, launch: Path) -> None:
        """Drop a request older than `launch`: it was made of an earlier start of this run."""
        if self._file.exists() and self._file.stat().st_mtime < launch.stat().st_mtime:
            self.forget()

    def __bool__(self) -> bool:
        if self._signalled:
            return True
        try:
            control = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False  # absent, or being written: the next step looks again
        return isinstance(control, dict) and control.get("command") == "stop"

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        StopRequest._signalled = True
