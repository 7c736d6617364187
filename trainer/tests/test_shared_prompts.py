"""Log-probabilities with a prompt read once, against TRL's own that reads it with every row."""

from types import SimpleNamespace

import pytest
import torch
from accelerate import Accelerator
from conftest import MODEL
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
)
from trl import GRPOTrainer
from trl.trainer.utils import add_fused_lm_head

from errata_trainer.shared_prompts import SharedPrompts, same_prompts

SMALL = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
CONFIGS = {
    "llama": LlamaConfig(**SMALL),
    "qwen2": Qwen2Config(**SMALL),
    "qwen3": Qwen3Config(**SMALL, head_dim=8),
    "learnt positions": GPT2Config(vocab_size=97, n_embd=32, n_layer=3, n_head=4),
}
ALL = ["embedded", "lora", *CONFIGS]
KEEP = 9


def model_of(name):
    """Weights in double precision: hardly anything that differs then is rounding."""
    torch.manual_seed(3)
    if name in CONFIGS:
        model = AutoModelForCausalLM.from_config(CONFIGS[name])
    else:
        model = AutoModelForCausalLM.from_pretrained(MODEL)
    model = model.double().train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    add_fused_lm_head(model, temperature=0.7, outputs=("log_probs", "entropy"))
    if name == "lora":
        model = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)).double()
    return model


def trainer_of(model):
    out = SharedPrompts.__new__(SharedPrompts)
    out.model, out.accelerator = model, Accelerator(cpu=True)
    out.is_fsdp_enabled = out.is_deepspeed_enabled = False
    out.args = SimpleNamespace(report_to=[])
    return out


def batch_of(rows_of=(4, 3, 5), lengths=(12, 5, 9)):
    """Rows that share prompts of unlike lengths, left-padded, shuffled; completions of unlike lengths, right-padded."""
    torch.manual_seed(5)
    ids, mask = [], []
    for rows, length in zip(rows_of, lengths, strict=True):
        pad = max(lengths) - length
        prompt = torch.randint(2, 97, (length,))
        for _ in range(rows):
            said = int(torch.randint(1, KEEP + 1, ()))
            ids.append(torch.cat([torch.zeros(pad), prompt, torch.randint(2, 97, (said,)), torch.zeros(KEEP - said)]))
            mask.append([0] * pad + [1] * (length + said) + [0] * (KEEP - said))
    order = torch.randperm(len(ids))
    return torch.stack(ids).long()[order], torch.tensor(mask)[order]


def answer(trainer, method, batch_size=None):
    """Log-probabilities, entropies, and the gradient of a loss that weighs every one of them by itself."""
    ids, mask = batch_of()
    trainer.model.zero_grad()
    logps, entropies, _ = method(trainer, trainer.model, ids, mask, KEEP, batch_size, compute_entropy=True)
    counted = mask[:, -KEEP:]
    weights = torch.linspace(-1, 1, counted.numel()).reshape(counted.shape).double()
    (logps * weights * counted).sum().backward()
    grads = [p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]
    return (logps * counted).detach(), (entropies * counted).detach(), torch.cat(grads)


def read_tokens(model):
    """Counts the tokens that the model's input embeddings read."""
    count = [0]
    model.get_input_embeddings().register_forward_hook(lambda _module, args, _out: count.append(args[0].numel()))
    return count


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("batch_size", [None, 7])
def test_values_and_gradients_are_those_of_trl(name, batch_size):
    trainer = trainer_of(model_of(name))
    ours = answer(trainer, SharedPrompts._get_per_token_logps_and_entropies, batch_size)
    theirs = answer(trainer, GRPOTrainer._get_per_token_logps_and_entropies, batch_size)
    for mine, their in zip(ours, theirs, strict=True):
        # Norms, rotary angles and the head are single precision whatever the weights are.
        assert (mine - their).norm() < 1e-6 * their.norm()


def test_a_prompt_is_read_once():
    trainer = trainer_of(model_of("qwen2"))
    read = read_tokens(trainer.model)
    answer(trainer, SharedPrompts._get_per_token_logps_and_entropies)
    # Three prompts up to their last token, and each of twelve rows from there on.
    assert sum(read) == 3 * 11 + 12 * (1 + KEEP)
    ids, mask = batch_of((1, 1, 1))
    read.clear()
    trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, KEEP)
    assert read == [ids.numel()]


def test_a_reference_model_has_no_entropy():
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(CONFIGS["llama"])
    add_fused_lm_head(model)
    trainer = trainer_of(model)
    ids, mask = batch_of()
    logps, entropies, _ = trainer._get_per_token_logps_and_entropies(model, ids, mask, KEEP)
    assert logps.shape == (12, KEEP)
    assert entropies is None


def checkpointing(model):
    model.gradient_checkpointing_enable()
    return model


def other(config):
    model = AutoModelForCausalLM.from_config(config).train()
    add_fused_lm_head(model, outputs=("log_probs", "entropy"))
    return model


def sliding(_model):
    return other(MistralConfig(**SMALL, sliding_window=8))


def stretched(_model):
    """Angles that depend on how long a pass is."""
    rope = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    return other(LlamaConfig(**SMALL, rope_parameters=rope, max_position_embeddings=16))


def routed(_model):
    """A router whose loss looks at every position."""
    config = Qwen3MoeConfig(
        **SMALL, head_dim=8, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, output_router_logits=True
    )
    return other(config)


@pytest.mark.parametrize("change", [checkpointing, sliding, stretched, routed])
def test_what_keeps_no_plain_cache_is_left_to_trl(change):
    trainer = trainer_of(change(model_of("llama")))
    read = read_tokens(trainer.model)
    ids, mask = batch_of()
    trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, KEEP)
    assert sum(read) == ids.numel()


def test_prompts_are_told_apart_by_their_tokens_and_their_padding():
    ids = torch.tensor([[0, 5, 6], [0, 5, 6], [0, 5, 6], [7, 5, 6]])
    mask = torch.tensor([[0, 1, 1], [1, 1, 1], [0, 1, 1], [1, 1, 1]])
    assert same_prompts(ids, mask) == ([0, 1, 3], [0, 1, 0, 2])
    assert same_prompts(ids[:, 2:], mask[:, 2:]) == ([0, 1, 2, 3], [0, 1, 2, 3])
