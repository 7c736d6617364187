"""The embedded model: a Qwen2 of about 0.2 million parameters, and its initialisation."""

import math

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from demo.tokenizer import EOS, NUMBERS, PAD, VOCABULARY

CONTEXT = 256
PERIODS = (100, 50, 25, 20, 10, 5, 4, 2)  # of the number embeddings' cosines and sines
# Size first and pairs of cosine and sine after; the last one is left out of the 16 dimensions.
NUMBER_DIMS = 16


def new_model(seed: int) -> Qwen2ForCausalLM:
    """A freshly initialised model in fp32."""
    torch.manual_seed(seed)
    ids = {token: i for i, token in enumerate(VOCABULARY)}
    config = Qwen2Config(
        vocab_size=len(VOCABULARY),
        hidden_size=64,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        attention_dropout=0.0,
        bos_token_id=None,
        eos_token_id=ids[EOS],
        pad_token_id=ids[PAD],
        dtype="float32",
    )
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "embed_tokens" in name:
                weight.normal_(0, 0.5)
            elif "lm_head" in name:
                weight.normal_(0, 0.02)
            elif weight.dim() == 2:
                std = 1 / math.sqrt(weight.shape[1])
                out = "o_proj" in name or "down_proj" in name
                weight.normal_(0, std / 3 if out else std)
            elif "bias" in name:
                weight.zero_()
        embedding = model.get_input_embeddings().weight
        first = ids[NUMBERS[0]]
        for n in range(len(NUMBERS)):
            waves = [f(2 * math.pi * n / t) for t in PERIODS for f in (math.cos, math.sin)]
            row = [n / 50 - 1, *waves][:NUMBER_DIMS]
            embedding[first + n, :NUMBER_DIMS] = torch.tensor(row)
    model.generation_config.eos_token_id = ids[EOS]
    model.generation_config.pad_token_id = ids[PAD]
    return model
