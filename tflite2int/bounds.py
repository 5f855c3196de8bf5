"""Accumulator intervals, proved from weights, biases and the range of the inputs' type."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

INT32 = (-(2**31), 2**31 - 1)
WIDEST = 2**47 - 1  # of an accumulator that the reference rescales in 64 bits

Intervals = tuple[tuple[int, int], ...]


def weighted_sum(weights: npt.NDArray[np.int64], bias: npt.NDArray[np.int64], low: int, high: int) -> Intervals:
    """Interval of ``bias[c] + sum_k weights[c, k] * x[k]`` for every x[k] in [low, high]; weights are (channels, k)."""
    at_low, at_high = weights * low, weights * high
    lowest = bias + np.minimum(at_low, at_high).sum(axis=1)
    highest = bias + np.maximum(at_low, at_high).sum(axis=1)
    return tuple(zip(lowest.tolist(), highest.tolist(), strict=True))


def reach(weights: npt.NDArray[np.int64], bias: npt.NDArray[np.int64], largest: int) -> tuple[int, ...]:
    """What no partial sum exceeds in magnitude, in any order, channel by channel, for inputs of up to ``largest``."""
    return tuple(
        abs(start) + products * largest
        for start, products in zip(bias.tolist(), np.abs(weights).sum(axis=1).tolist(), strict=True)
    )


def reduced_rescale_fits(largest: int, multiplier: int, shift: int) -> bool:
    """True where a 64-bit rescale by a reduced multiplier is defined in the reference and its result fits in int32.

    Source: the assertions of MultiplyByQuantizedMultiplier(int64_t, ...) in kernels/internal/common.cc.
    """
    return largest <= WIDEST and -31 <= shift < 8 and (largest * multiplier >> (15 - shift)) < INT32[1]


def rescale_fits(intervals: Intervals, shift: tuple[int, ...], zero_point: int) -> bool:
    """True where ``x << shift`` and the rescaled value plus zero point stay inside int32, channel by channel."""
    for (low, high), s in zip(intervals, shift, strict=True):
        reach = max(-low, high) << max(s, 0)
        if reach + abs(zero_point) > INT32[1]:
            return False
    return True
