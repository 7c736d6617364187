"""Episodes of several turns in one sequence: what stands between two turns of the model, as tokens."""

from typing import Any

from errata_trainer.online import OnlineTrainer
from errata_trainer.rollout import Rollout

SAID = "errata-said-this"
"""Stands for what the model said while the chat template is asked what comes after it."""


def between(tokenizer: Any, user: str) -> tuple[list[int], list[int]]:
    """Tokens from the end of a model's turn to the beginning of its next, with a user's message between.

    The second list begins with the end of the turn itself: for a turn that ran into its limit. Chat templates
    differ in what they write there (a line break, a header, nothing), so the template itself is asked.
    """
    messages = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": SAID},
        {"role": "user", "content": user},
    ]
    text: str = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    after = text[text.rindex(SAID) + len(SAID) :]
    whole = tokenizer(after, add_special_tokens=False)["input_ids"]
    end = [tokenizer.eos_token_id]
    return (whole[1:], whole) if whole[:1] == end else (whole, end + whole)


class ConversationTrainer(OnlineTrainer):
    """The base of methods whose episodes have several turns."""

    def tell(self, rows: list[Rollout], user: str) -> list[Rollout]:
        """Add a user's message to every row that has room for it and a whole turn after it; returns those rows."""
        short, whole = between(self._tokenizer, user)
        told: list[Rollout] = []
        for row in rows:
            words = short if self.ended(row, row.turns[-1]) else whole
            if self.has_room(len(row.prompt_ids) + len(row.ids) + len(words)):
                row.ids = row.ids + words
                told.append(row)
        return told
