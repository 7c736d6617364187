"""Sampling for a step: a prompt is read once for its whole group, and rows that have ended leave the batch.

`model.generate` reads every copy of a prompt and carries ended rows to the last token of the longest one.
"""

import torch
from transformers import (
    DynamicCache,
    LogitsProcessorList,
    PreTrainedModel,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

SHRINK_AT = 0.125
"""Share of ended rows at which the cache is copied without them."""


def warpers(temperature: float, top_k: int, top_p: float) -> LogitsProcessorList:
    """The library's own, in its own order; those that would change nothing are left out."""
    out = LogitsProcessorList()
    if temperature != 1:
        out.append(TemperatureLogitsWarper(temperature))
    if top_k > 0:
        out.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        out.append(TopPLogitsWarper(top_p))
    return out


@torch.no_grad()
def sample(
    model: PreTrainedModel,
    prompts: list[list[int]],
    copies: int,
    *,
    max_new_tokens: int,
    eos: list[int],
    pad: int,
    warp: LogitsProcessorList,
) -> list[list[int]]:
    """`copies` completions of each prompt, in order; each ends with its end token, or at `max_new_tokens`.

    Random numbers come from torch's global generator.
    """
    device = model.device
    width = max(len(p) for p in prompts)
    # Left-padded, so that the next token of every row goes to the same column.
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    cache = DynamicCache(config=model.config)
    out = model(ids, attention_mask=mask, position_ids=positions, past_key_values=cache, logits_to_keep=1)
    cache.batch_repeat_interleave(copies)
    logits = out.logits[:, -1].float().repeat_interleave(copies, 0)
    mask, position = mask.repeat_interleave(copies, 0), positions[:, -1:].repeat_interleave(copies, 0)

    rows = torch.arange(len(logits), device=device)
    ends = torch.tensor(eos, device=device)
    tokens = torch.full((len(logits), max_new_tokens), pad, device=device)
    lengths = torch.full((len(logits),), max_new_tokens, device=device)
    alive = torch.ones(len(logits), dtype=torch.bool, device=device)
    for step in range(max_new_tokens):
        picked = torch.multinomial(warp(ids, logits).softmax(-1), 1)
        tokens[rows[alive], step] = picked[alive, 0]
        ended = alive & torch.isin(picked[:, 0], ends)
        lengths[rows[ended]] = step + 1
        alive &= ~ended
        left = int(alive.sum())
        if left == 0 or step + 1 == max_new_tokens:
            break
        if left <= (1 - SHRINK_AT) * len(alive):
            kept = alive.nonzero()[:, 0]
            cache.batch_select_indices(kept)
            rows, mask, position, picked, alive = rows[kept], mask[kept], position[kept], picked[kept], alive[kept]
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        position = position + 1
        logits = model(picked, attention_mask=mask, position_ids=position, past_key_values=cache).logits[:, -1].float()
    return [row[:length].tolist() for row, length in zip(tokens, lengths.tolist(), strict=True)]
