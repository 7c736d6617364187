"""Errors made for people."""


class TrainerError(Exception):
    """What happened, and what to do about it. Its text becomes the message of the run's `end` event."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
