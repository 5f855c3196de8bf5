"""Tables that the reference's 16-bit kernels look up. They are the same for all models, and computed here in double."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .fixedpoint import Int64Array, round_half_away


def interpolation_table(function: Callable[[float], float], lowest: float, highest: float) -> Int64Array:
    """``2**15 * function`` at 513 points from ``lowest`` to ``highest``, moved so that lines between them err little.

    Source: LUTPopulateInt16 in kernels/internal/common.h, with an output scale of 2 / 65535.
    """
    step = (highest - lowest) / 512
    inverse = 65536 / (2 / 65535 * 32767 + 2 / 65535 * 32768)
    entries = []
    for k in range(512):
        x = lowest + k * step
        value = round_half_away(function(x) * inverse)
        middle = round_half_away((function(lowest + (k + 1) * step) * inverse + value) / 2)
        error = middle - round_half_away(function(x + step / 2) * inverse)
        entries.append(value - round_half_away(error / 2))
    entries.append(round_half_away(function(highest) * inverse))
    return np.clip(np.array(entries, np.int64), -(2**15), 2**15 - 1)


def softmax_exponentials() -> Int64Array:
    """``exp(x)`` for x from -10 to 0: InitSoftmax in kernels/activations.cc."""
    return interpolation_table(math.exp, 10 / 65535 * -65535, 0.0)


def softmax_reciprocals() -> Int64Array:
    """``1 / (1 + x)`` for x from 0 to 1."""
    return interpolation_table(lambda x: 1 / (1 + x), 0.0, 1 / 65535 * 65535)
