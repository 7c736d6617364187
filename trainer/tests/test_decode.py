"""Sampling against the library's own."""

import pytest
import torch
from conftest import MODEL, problems_of
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList

from errata_trainer.decode import sample, warpers


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return AutoModelForCausalLM.from_pretrained(MODEL).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(MODEL)


@pytest.fixture(scope="module")
def prompts(tokenizer):
    texts = [f"<q>{problem['problem']}<a>" for problem in problems_of(6, seed=2)]
    texts[1] += "$x"  # rows of different length
    return [tokenizer(text)["input_ids"] for text in texts]


def draw(model, prompts, copies, seed=0, warp=None, eos=(1,), tokens=30):
    torch.manual_seed(seed)
    warp = LogitsProcessorList() if warp is None else warp
    return sample(model, prompts, copies, max_new_tokens=tokens, eos=list(eos), pad=0, warp=warp)


def test_the_likeliest_tokens_are_those_of_generate(model, prompts):
    # Every number ends a row too: rows end at different times, whatever the model has learnt.
    eos = [1, *range(60, 90)]
    drawn = draw(model, prompts, 3, warp=warpers(1, 1, 1), eos=eos)
    for i, prompt in enumerate(prompts):
        out = model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=30, eos_token_id=eos)
        assert drawn[3 * i : 3 * i + 3] == [out[0, len(prompt) :].tolist()] * 3


def test_completions_end_with_their_end_token_or_at_the_limit(model, prompts):
    ends = range(40, 143)
    for ids in draw(model, prompts, 8, eos=ends):
        assert all(i not in ends for i in ids[:-1])
        assert ids[-1] in ends or len(ids) == 30


def test_a_seed_repeats_a_batch(model, prompts):
    first = draw(model, prompts, 4)
    assert draw(model, prompts, 4) == first
    assert draw(model, prompts, 4, seed=1) != first


def test_tokens_come_as_often_as_the_model_says(model, prompts):
    """The first token of 4000 draws against its probabilities, by a chi-squared bound that chance passes 1 in 10^6."""
    drawn = torch.tensor([ids[0] for ids in draw(model, prompts[:1], 4000, tokens=1, warp=warpers(1.5, 0, 1))])
    with torch.no_grad():
        expected = 4000 * (model(torch.tensor(prompts[:1])).logits[0, -1] / 1.5).softmax(-1)
    counts = torch.bincount(drawn, minlength=len(expected))
    often = expected >= 5
    chi = ((counts - expected) ** 2 / expected)[often].sum().item()
    freedom = int(often.sum())
    assert chi < freedom + 5 * (2 * freedom) ** 0.5 + 25


def test_what_changes_nothing_is_left_out():
    assert len(warpers(1, 0, 1)) == 0
    assert [type(w).__name__ for w in warpers(0.7, 20, 0.9)] == [
        "TemperatureLogitsWarper",
        "TopKLogitsWarper",
        "TopPLogitsWarper",
    ]
