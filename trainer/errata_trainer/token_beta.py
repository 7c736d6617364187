"""A KL weight for every token, where TRL's loss knows one number."""

from typing import Any

import torch


class TokenBeta(float):
    """Compares as its largest value and multiplies as a tensor [rollouts, tokens].

    TRL's loss asks `beta != 0.0` and adds `beta * per_token_kl` (grpo_trainer.py, `_compute_loss`): both as before.
    """

    weights: torch.Tensor

    def __new__(cls, value: float, weights: torch.Tensor) -> "TokenBeta":
        """`value` is what TRL sees, `weights` what it multiplies with."""
        out = super().__new__(cls, value)
        out.weights = weights
        return out

    def __mul__(self, other: Any) -> Any:
        return self.weights * other
