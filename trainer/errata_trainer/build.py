"""Puts a trainer together from a job."""

import os

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from errata_trainer.config import grpo_config
from errata_trainer.errors import TrainerError
from errata_trainer.events import EventLog
from errata_trainer.grader import Grader, MathVerifyGrader, NodeGrader
from errata_trainer.recipe import Job
from errata_trainer.recorder import Recorder
from errata_trainer.scrpo import ScRPOTrainer


def build_trainer(job: Job, log: EventLog, *, cuda: bool) -> ScRPOTrainer:
    """Model, tokenizer, grader and TRL's configuration, in a trainer that is ready to train."""
    tokenizer = load_tokenizer(job)
    try:
        model = AutoModelForCausalLM.from_pretrained(job.trainable, dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        raise TrainerError(
            f"The trainable weights in {job.trainable} cannot be loaded: {error}.",
            "Choose another model, or fetch this one anew.",
        ) from error
    args = grpo_config(job, cuda=cuda, world_size=int(os.environ.get("WORLD_SIZE", "1")))
    return ScRPOTrainer(job, model, tokenizer, args, make_grader(job, log), Recorder(log))


def load_tokenizer(job: Job) -> PreTrainedTokenizerBase:
    """The base model's tokenizer. Raises TrainerError when it cannot render a chat."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(job.trainable, padding_side="left")
    except (OSError, ValueError) as error:
        raise TrainerError(
            f"The tokenizer in {job.trainable} cannot be loaded: {error}.", "Fetch the model anew."
        ) from error
    if tokenizer.chat_template is None:
        raise TrainerError(
            f"The tokenizer in {job.trainable} has no chat template.", "Choose an instruction-tuned model."
        )
    return tokenizer


def make_grader(job: Job, log: EventLog) -> Grader:
    """The pool's own grader; without Node, math-verify, and an alarm that says so."""
    if job.grader:
        return NodeGrader(job.grader)
    message = "Node is missing here: math-verify grades this run, whose verdicts may differ from the pool's."
    log.emit("alarm", step=0, kind="grader", message=message)
    return MathVerifyGrader()
