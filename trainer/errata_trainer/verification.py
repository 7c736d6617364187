"""The verdict of a verification: a line `Verdict: right` or `Verdict: wrong`.

The editor reads verifications by the same rules; both sides are held to test/fixtures/verifications.json.
"""

import re

from errata_trainer.reflection import think_end

RIGHT, WRONG = "right", "wrong"
# On a line of its own, decorated or not.
VERDICT = re.compile(
    r"(?:^|\n)[ \t>#*_-]*verdict[ \t]*(?:[*_]+[ \t]*)?:[ \t]*[*_\"“]*[ \t]*(right|wrong|correct|incorrect)"
    r"[ \t*_\"”.!]*(?=\r?\n|\Z)",
    re.IGNORECASE,
)


def parse_verification(text: str) -> str | None:
    """`right` or `wrong`, by the last verdict after the thinking; None where there is none: it is never guessed."""
    said = VERDICT.findall(text[think_end(text) :])
    if not said:
        return None
    return RIGHT if said[-1].lower() in (RIGHT, "correct") else WRONG
