"""Errata's trainer: self-correction fine-tuning as a thin layer on TRL's GRPOTrainer."""

__version__ = "0.1.0"
