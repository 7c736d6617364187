"""Sections of a reflection: `Analysis:`, then `Corrected Solution:`.

The editor parses with the same rules; both sides are held to test/fixtures/reflections.json.
"""

import re
from dataclasses import dataclass

THINK_END = "</think>"


def _heading(name: str) -> re.Pattern[str]:
    # A heading starts its line. It ends in a colon, or is decorated (# or **) and alone there.
    return re.compile(
        r"^[ \t]*(?:#{1,6}[ \t]*)?"
        rf"(?:\*\*[ \t]*{name}[ \t]*(?::[ \t]*\*\*|\*\*[ \t]*:)|{name}[ \t]*:)"
        rf"|^[ \t]*(?:#{{1,6}}[ \t]*{name}|(?:#{{1,6}}[ \t]*)?\*\*[ \t]*{name}[ \t]*\*\*)[ \t\r]*$",
        re.IGNORECASE | re.MULTILINE,
    )


ANALYSIS = _heading("Analysis")
MARKER = _heading(r"Corrected[ \t]+Solution")


@dataclass(frozen=True)
class Reflection:
    """A parsed reflection. Offsets are characters of the whole text; -1 where a part is missing."""

    analysis: str
    """Empty when the section is missing."""
    corrected: str
    """Empty when the section is missing."""
    parsed: bool
    """Both sections are there, in order, and neither is empty."""
    start: int
    """Where the `Analysis` heading begins."""
    boundary: int
    """Just after the `Corrected Solution` heading."""
    think_end: int
    """Just after the thinking; 0 when there is none."""


def think_end(text: str) -> int:
    """Just after the last `</think>`; the text's length when thinking never ends; else 0."""
    end = text.rfind(THINK_END)
    if end >= 0:
        return end + len(THINK_END)
    return len(text) if text.lstrip().startswith("<think>") else 0


def strip_thinking(text: str) -> str:
    """The text after its thinking."""
    return text[think_end(text) :].strip()


def parse_reflection(text: str) -> Reflection:
    """Find both sections; the first heading of each kind counts, the marker after the analysis."""
    base = think_end(text)
    said = text[base:]
    analysis = ANALYSIS.search(said)
    marker = MARKER.search(said, analysis.end() if analysis else 0)
    analysis_text = said[analysis.end() : marker.start() if marker else None] if analysis else ""
    corrected = said[marker.end() :] if marker else ""
    analysis_text, corrected = analysis_text.strip(), corrected.strip()
    return Reflection(
        analysis=analysis_text,
        corrected=corrected,
        parsed=bool(analysis and marker and analysis_text and corrected),
        start=base + analysis.start() if analysis else -1,
        boundary=base + marker.end() if marker else -1,
        think_end=base,
    )
