"""A board's answers to a test set, asked for over its serial line."""

from .run import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
