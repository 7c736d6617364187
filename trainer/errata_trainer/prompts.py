"""Prompt files: jinja text, split at `{# system #}`, `{# user #}`, `{# assistant #}` lines into messages."""

import re
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from errata_trainer.errors import TrainerError

ROLE_LINE = re.compile(r"^\{# (system|user|assistant) #\}[ \t]*\r?$", re.MULTILINE)
Messages = list[dict[str, str]]


def chat_ids(tokenizer: Any, messages: Messages) -> list[int]:
    """A chat as tokens, ready for the model's turn; an assistant's message at its end is gone on with."""
    goes_on = messages[-1]["role"] == "assistant"
    return tokenizer.apply_chat_template(
        messages, add_generation_prompt=not goes_on, continue_final_message=goes_on, return_dict=False
    )


class Prompt:
    """One prompt file. Each message is rendered apart, so that content can never inject a role."""

    def __init__(self, source: str, name: str = "prompt") -> None:
        self.name = name
        environment = SandboxedEnvironment(undefined=Undefined, keep_trailing_newline=True)
        parts = ROLE_LINE.split(source)
        # split() gives [before, role, text, role, text, …]; what stands before the first role is a comment.
        pieces = [("user", source)] if len(parts) == 1 else list(zip(parts[1::2], parts[2::2], strict=True))
        try:
            self._pieces = [(role, environment.from_string(text)) for role, text in pieces]
        except TemplateError as error:
            raise TrainerError(f"{name}: {error}.", "Mend the prompt file.") from error

    @classmethod
    def read(cls, path: Path) -> "Prompt":
        """Read a prompt file."""
        try:
            return cls(path.read_text(encoding="utf-8"), path.name)
        except OSError as error:
            raise TrainerError(f"{path} cannot be read: {error.strerror}.", "Start the run anew.") from error

    def messages(self, **variables: str) -> Messages:
        """Rendered and trimmed messages."""
        try:
            return [{"role": role, "content": template.render(**variables).strip()} for role, template in self._pieces]
        except TemplateError as error:
            raise TrainerError(f"{self.name}: {error}.", "Mend the prompt file.") from error
