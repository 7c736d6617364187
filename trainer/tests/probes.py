"""Trainers whose completions are given, and what is measured on them: losses, gradients, a NumPy reference."""

import numpy as np
import torch

from errata_trainer.build import build_trainer
from errata_trainer.events import EventLog
from errata_trainer.grader import Grade
from errata_trainer.recipe import load_job

PROBLEM = {"id": "p0", "problem": "Solve for $x$: $2x+3=7$", "gold": "2"}


class Boxed:
    """Reads the last `\\boxed{…}`; `x` cannot be decided."""

    def grade(self, pairs):
        out = []
        for text, gold in pairs:
            answer = text.rpartition("\\boxed{")[2].rstrip("}") if "\\boxed{" in text else None
            out.append(Grade("unscored" if answer == "x" else "correct" if answer == gold else "incorrect", answer))
        return out

    def close(self):
        pass


def bare(folder):
    """A trainer with random weights and a grader that reads boxes; its `figures` are its method's metrics by step."""
    trainer = build_trainer(load_job(folder), EventLog(folder), cuda=False)
    trainer.grader = Boxed()
    trainer.figures = []
    record = trainer.recorder.scored
    trainer.recorder.scored = lambda *args: (trainer.figures.append(args[-1]), record(*args))
    prepare(trainer)
    return trainer


def said(trainer, text):
    """A text as the model would have said it. One with a `…` at its end ran into its limit."""
    ids = trainer._tokenizer(text.removesuffix("…"))["input_ids"]
    return ids if text.endswith("…") else [*ids, trainer._tokenizer.eos_token_id]


def given(folder, *turns):
    """A trainer whose model says what is given: one list of texts for each time that it is asked."""
    trainer = bare(folder)
    answers = iter([[said(trainer, text) for text in texts] for texts in turns])
    trainer.asked = []
    """Prompts of each time, as text."""

    def sample(prompts, copies=1):
        trainer.asked.append([trainer._tokenizer.decode(ids) for ids in prompts])
        found = next(answers)
        assert len(found) == len(prompts)
        return [(ids, None) for ids in found]

    trainer.sample = sample
    return trainer


def prepare(trainer):
    """Random weights: a trained model is so sure of some tokens that their gradient vanishes in float32.

    The policy leaves the reference, so that the KL is not zero.
    """
    trainer.create_optimizer()
    trainer.current_gradient_accumulation_steps = trainer.args.gradient_accumulation_steps
    torch.manual_seed(1)
    references = trainer.model.parameters() if trainer.ref_model is None else trainer.ref_model.parameters()
    with torch.no_grad():
        for weight, reference in zip(trainer.model.parameters(), references, strict=True):
            reference.normal_(0, 0.2)
            weight.copy_(reference + 0.02 * torch.randn_like(weight))
    trainer.model.train()


def batch_of(trainer):
    """The batch of the next step, one rank's."""
    count = trainer.num_generations
    rows = count * trainer.job.recipe["problems_per_step"]
    return trainer._generate_and_score_completions([{"place": i // count} for i in range(rows)])


def token_gradients(trainer, batch):
    """Gradient of the loss by each completion token's log-probability: [rollouts, tokens]."""
    kept = {}
    original = trainer._get_per_token_logps_and_entropies

    def probe(*args, **kwargs):
        logps, entropies, aux = original(*args, **kwargs)
        logps.retain_grad()
        kept["logps"] = logps
        return logps, entropies, aux

    trainer._get_per_token_logps_and_entropies = probe
    trainer.compute_loss(trainer.model, batch).backward()
    trainer._get_per_token_logps_and_entropies = original
    return kept["logps"].grad.numpy()


def logps_of(model, batch):
    """Log-probabilities of the completion tokens from plain logits."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    attention = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    logits = model(input_ids=ids, attention_mask=attention).logits[:, :-1].log_softmax(-1)
    picked = logits.gather(-1, ids[:, 1:, None]).squeeze(-1)
    return picked[:, -batch["completion_ids"].size(1) :].double().numpy()


def losses(trainer, batch, expected, constant=None):
    """The trainer's loss, and the formula's: J = 1/Z sum [m min(rho A, clip(rho) A) - beta k3].

    `expected` holds each rollout's (advantage, m, beta) by token, said by the test; Z is the number of tokens with
    either term, or `constant`. The policy that sampled is another one: the ratio leaves the clip range on both sides.
    """
    with torch.no_grad():
        policy = logps_of(trainer.model, batch)
        reference = policy if trainer.ref_model is None else logps_of(trainer.ref_model, batch)
    old = policy + np.random.default_rng(0).normal(0, 0.3, policy.shape)
    batch["old_per_token_logps"] = torch.tensor(old, dtype=torch.float32)
    with torch.no_grad():
        loss = trainer.compute_loss(trainer.model, batch).item()
    recipe, total, count = trainer.job.recipe, 0.0, 0
    for i, (advantage, m, beta) in enumerate(expected):
        n = len(trainer._rows[i].ids)
        advantage, m, beta = (np.broadcast_to(np.asarray(x, dtype=float), n) for x in (advantage, m, beta))
        ratio = np.exp(policy[i, :n] - old[i, :n])
        clipped = np.clip(ratio, 1 - recipe["epsilon"], 1 + recipe["epsilon_high"])
        d = reference[i, :n] - policy[i, :n]
        total += (m * np.minimum(ratio * advantage, clipped * advantage) - beta * (np.exp(d) - d - 1)).sum()
        count += ((m > 0) | (beta > 0)).sum()
    return loss, -total / (constant or max(1, count))


def by_group(rewards, epsilon=1e-4):
    """GRPO's advantages of one group."""
    rewards = np.array(rewards, dtype=float)
    return (rewards - rewards.mean()) / (rewards.std(ddof=1) + epsilon)
