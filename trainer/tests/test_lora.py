"""Low-rank adapters: what learns, what they are held against, and what is exported."""

import pytest
import test_all_methods as all_methods
import torch
from conftest import MODEL, events_of, problems_of
from offline_cases import pool_of, solved
from peft import PeftModel
from transformers import AutoModelForCausalLM

from errata_trainer.build import build_trainer
from errata_trainer.events import EventLog
from errata_trainer.recipe import load_job
from errata_trainer.run import run

SMALL = {"problems_per_step": 2, "max_steps": 3, "checkpoint_every": 3, "export": "none", "learning_rate": 0.01}
METHODS = {
    "scrpo": {
        "num_generations": 4,
        "max_completion_length": 12,
        "temperature": 4.0,
        "beta": 0.02,
        "correction": {"cycle": [1, 1], "learning_rate": 0.01},
        "filter": {"kind": "mixed"},
    },
    "sft": {"sft": {"examples": ["gold", "rejection", "pairs"]}, "data": {"take": "all"}},
    "dpo": {"data": {"take": "all"}},
}


@pytest.fixture
def folder_of(run_folder, chance_grader):
    def make(method, name="run", **changes):
        given = {"problems": solved(6), "pool": pool_of(6), "launch": {"grader": chance_grader}}
        return run_folder(name, **given, method=method, **SMALL | METHODS[method] | {"lora": {"rank": 4}} | changes)

    return make


def logits_of(model):
    ids = torch.tensor([list(range(2, 40)), list(range(60, 98))])
    with torch.no_grad():
        return model.eval()(ids).logits


def base_model():
    return AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)


@pytest.mark.parametrize("method", METHODS)
def test_adapters_alone_learn_and_the_export_is_the_adapted_model(folder_of, method):
    folder = folder_of(method)
    assert run(folder, resume=False) == 0
    adapted = PeftModel.from_pretrained(base_model(), folder / "checkpoints" / "checkpoint-3")
    exported = AutoModelForCausalLM.from_pretrained(folder / "model" / "hf", dtype=torch.float32)
    base = logits_of(base_model())
    assert (logits_of(adapted) - base).abs().max() > 0.01
    torch.testing.assert_close(logits_of(exported), logits_of(adapted), atol=1e-4, rtol=1e-4)
    with adapted.disable_adapter():
        assert torch.equal(logits_of(adapted), base)
    names = {p.name for p in (folder / "model" / "hf").iterdir()}
    assert "model.safetensors" in names
    assert not any("adapter" in name for name in names)
    assert set(exported.state_dict()) == set(base_model().state_dict())
    # Embeddings and head are no linear layers within the model: they stay the base's, to the last bit.
    for name in ("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"):
        assert torch.equal(exported.state_dict()[name], base_model().state_dict()[name])


@pytest.mark.parametrize("method", METHODS)
def test_what_learns_and_what_it_is_held_against(folder_of, method):
    folder = folder_of(method)
    trainer = build_trainer(load_job(folder), EventLog(folder), cuda=False)
    try:
        learning = {name for name, weight in trainer.model.named_parameters() if weight.requires_grad}
        assert learning
        assert all("lora_" in name for name in learning)
        # The reference is the model with its adapters off: nothing is held twice.
        assert getattr(trainer, "ref_model", None) is None
    finally:
        trainer.close()


@pytest.mark.parametrize("method", METHODS)
def test_dropout_is_the_adapters_alone_and_drops(folder_of, method, monkeypatch):
    load = AutoModelForCausalLM.from_pretrained

    def with_dropout(*args, **kwargs):
        model = load(*args, **kwargs)
        model.model.layers[0].extra = torch.nn.Dropout(0.5)
        return model

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", with_dropout)
    folder = folder_of(method, lora={"rank": 4, "dropout": 0.25})
    trainer = build_trainer(load_job(folder), EventLog(folder), cuda=False)
    trainer.close()
    rates = {name: part.p for name, part in trainer.model.named_modules() if isinstance(part, torch.nn.Dropout)}
    adapters = {name: p for name, p in rates.items() if "lora_dropout" in name}
    assert set(adapters.values()) == {0.25}
    assert set(rates.values()) == {0, 0.25}
    assert len(rates) == len(adapters) + 1
    with torch.no_grad():
        for name, weight in trainer.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.5)
    ids = torch.tensor([list(range(2, 40))])
    with torch.no_grad():
        one, two = (trainer.model.train()(ids).logits for _ in range(2))
        same = [trainer.model.eval()(ids).logits for _ in range(2)]
    assert not torch.equal(one, two)
    assert torch.equal(*same)


def test_the_kl_in_a_reward_is_that_of_the_policy_that_sampled(run_folder, chance_grader):
    options = all_methods.recipe("s2r", max_completion_length=12, lora={"rank": 4, "dropout": 0.5})
    folder = run_folder(launch={"grader": chance_grader}, **options)
    trainer = build_trainer(load_job(folder), EventLog(folder), cuda=False)
    trainer.close()
    with torch.no_grad():
        for name, weight in trainer.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.5)
    ids = {"prompt_ids": torch.tensor([list(range(2, 9))]), "completion_ids": torch.tensor([list(range(9, 20))])}
    batch = ids | {name.replace("ids", "mask"): torch.ones_like(row) for name, row in ids.items()}
    trainer.model.train()
    assert torch.equal(trainer.policy_logps(batch), trainer.policy_logps(batch))
    assert trainer.model.training


def test_targets_that_the_model_has_not_are_named(folder_of):
    for target in ("w_q", "lm_head"):
        folder = folder_of("sft", target, lora={"targets": ["q_proj", target]})
        assert run(folder, resume=False) == 1
        message = events_of(folder)[-1]["message"]
        assert f"lora.targets: demo-base has no linear layer {target}" in message
        assert "gate_proj" in message


def test_sampling_goes_through_the_adapters_and_the_kl_is_to_the_base(folder_of):
    folder = folder_of("scrpo")
    trainer = build_trainer(load_job(folder), EventLog(folder), cuda=False)
    trainer.close()
    prompt = trainer.prompt_ids([{"role": "user", "content": problems_of(1)[0]["problem"]}])

    def said():
        torch.manual_seed(0)
        return trainer.sample([prompt] * 4, 4)

    before = said()
    with torch.no_grad():
        for name, weight in trainer.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.5)
    assert said() != before
    with trainer.model.disable_adapter():
        assert said() == before
    assert run(folder, resume=False) == 0
    kl = [e["kl"] for e in events_of(folder, "metrics")]
    assert kl[0] == pytest.approx(0, abs=1e-6)
    assert kl[-1] > 1e-4


@pytest.mark.parametrize("method", ["sft", pytest.param("scrpo", marks=pytest.mark.full)])
def test_stopped_and_resumed_is_the_run_that_never_stopped(folder_of, method):
    folders = [folder_of(method, name, lora={"rank": 4, "dropout": 0.1}) for name in ("whole", "parts")]
    whole, parts = folders
    assert run(whole, resume=False) == 0
    (parts / "control.json").write_text('{"command": "stop"}')
    assert run(parts, resume=False) == 0
    assert run(parts, resume=True) == 0
    losses = [[(e["step"], e["loss"], e["grad_norm"]) for e in events_of(f, "metrics")] for f in folders]
    assert losses[0] == losses[1]
    models = [AutoModelForCausalLM.from_pretrained(f / "model" / "hf").state_dict() for f in folders]
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


@pytest.mark.full
@pytest.mark.parametrize("method", sorted(all_methods.METHODS.keys() - METHODS.keys()))
def test_every_other_method_learns_through_adapters(run_folder, chance_grader, method):
    hot = {"temperature": 4.0, "max_completion_length": 12, "learning_rate": 0.01, "lora": {"rank": 4}}
    folder = run_folder(launch={"grader": chance_grader}, **all_methods.recipe(method, **hot))
    assert run(folder, resume=False) == 0
    exported = AutoModelForCausalLM.from_pretrained(folder / "model" / "hf", dtype=torch.float32)
    assert (logits_of(exported) - logits_of(base_model())).abs().max() > 1e-3
    assert torch.equal(exported.lm_head.weight, base_model().lm_head.weight)
