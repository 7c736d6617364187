"""Where log-probabilities are computed, a prompt is read once for all the rows that answer it, as in sampling.

TRL reads prompt and completion of every row. What a causal model computes of a prompt does not depend on what follows:
rows that share a prompt can share its keys and values, and their gradients add up there. Loss and gradient are the same
but for rounding (with dropout, the rows share what it drops of a prompt); in a correction step, whose prompts are long,
half of the tokens need not be computed.
"""

from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer
from trl import GRPOTrainer


class SharedPrompts(GRPOTrainer):
    """GRPOTrainer that reads a prompt once a batch. What cannot share falls back to TRL's own way."""

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **others: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Log-probabilities and entropies, each [rows, logits_to_keep], and the load-balancing loss; as in TRL."""
        plain = super()._get_per_token_logps_and_entropies
        # What else TRL may hand over belongs to images.
        images = any(value is not None for value in others.values())
        if compute_aux_loss or images or not self._may_share(model):
            return plain(
                model, input_ids, attention_mask, logits_to_keep,
                batch_size, compute_entropy, compute_aux_loss, **others,
            )  # fmt: skip
        logps, entropies = [], []
        size = batch_size or len(input_ids)
        for ids, mask in zip(input_ids.split(size), attention_mask.split(size), strict=True):
            firsts, of = same_prompts(ids[:, :-logits_to_keep], mask[:, :-logits_to_keep])
            found = None
            if 2 * len(firsts) <= len(ids):
                found = self._shared(model, ids, mask, logits_to_keep, firsts, of)
            if found is None:
                found = plain(model, ids, mask, logits_to_keep, None, compute_entropy)[:2]
            logps.append(found[0])
            entropies.append(found[1])
        return torch.cat(logps), torch.cat(entropies) if compute_entropy else None, None

    def _may_share(self, model: Any) -> bool:
        """Does the model keep keys and values of all positions, in a way that gradients pass through?"""
        inner = self.accelerator.unwrap_model(model)
        # With gradient checkpointing nothing is kept. Sharded parameters are gathered for one pass a step.
        if inner.is_gradient_checkpointing or self.is_fsdp_enabled or self.is_deepspeed_enabled:
            return False
        # Buffers that are broadcast with every pass: ranks that share unlike often would wait for each other for ever.
        if isinstance(model, DistributedDataParallel) and model.broadcast_buffers:
            return False
        config = inner.config.get_text_config()
        # The router's loss looks at all positions; these angles depend on how long a pass is.
        rope = getattr(config, "rope_parameters", None) or {}
        kinds = [rope, *(part for part in rope.values() if isinstance(part, dict))]
        if getattr(config, "output_router_logits", False) or any(
            kind.get("rope_type") in ("dynamic", "longrope") for kind in kinds
        ):
            return False
        return all(type(layer) is DynamicLayer for layer in DynamicCache(config=inner.config).layers)

    def _shared(
        self, model: Any, ids: torch.Tensor, mask: torch.Tensor, keep: int, firsts: list[int], of: list[int]
    ) -> tuple[torch.Tensor, torch.Tensor | None] | None:
        """Reads the prompts of the rows `firsts` up to their last token; from there on, every row.

        None: the model keeps nothing.
        """
        # The last token of a prompt predicts the completion's first, so each row reads it itself.
        shared = ids.shape[1] - keep - 1
        cache = DynamicCache(config=self.accelerator.unwrap_model(model).config)
        labels = ids[:, shared:].masked_fill(mask[:, shared:] == 0, -100)
        labels[:, 0] = -100
        with self.accelerator.autocast():
            model(ids[firsts, :shared], attention_mask=mask[firsts, :shared], past_key_values=cache, logits_to_keep=1)
            if cache.get_seq_length() != shared:
                return None
            cache.batch_select_indices(torch.tensor(of, device=ids.device))
            out = model(ids[:, shared:], attention_mask=mask, past_key_values=cache, labels=labels, fused_lm_head=True)
        # A reference model's head gives no entropy.
        return out.log_probs[:, -keep:], None if out.entropy is None else out.entropy[:, -keep:]


def same_prompts(ids: torch.Tensor, mask: torch.Tensor) -> tuple[list[int], list[int]]:
    """Of left-padded prompts [rows, length]: a row for each different prompt, and for each row the place of its own.

    Prompts of one token share nothing: each counts as different.
    """
    if ids.shape[1] < 2:
        return list(range(len(ids))), list(range(len(ids)))
    places: dict[tuple[int, ...], int] = {}
    # No token is -1: a pad that a prompt ends with is not padding.
    rows = ids.masked_fill(mask == 0, -1).tolist()
    of = [places.setdefault(tuple(row), len(places)) for row in rows]
    return [of.index(place) for place in range(len(places))], of
