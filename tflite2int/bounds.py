"""Accumulator intervals, proved from weights, biases and the range of the inputs' type."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

INT32 = (-(2**31), 2**31 - 1)

Intervals = tuple[tuple[int, int], ...]


def weighted_sum(weights: npt.NDArray[np.int64], bias: npt.NDArray[np.int64], low: int, high: int) -> Intervals:
    """Interval of ``bias[c] + sum_k weights[c, k] * x[k]`` for every x[k] in [low, high]; weights are (channels, k)."""
    at_low, at_high = weights * low, weights * high
    lowest = bias + np.minimum(at_low, at_high).sum(axis=1)
    highest = bias + np.maximum(at_low, at_high).sum(axis=1)
    return tuple(zip(lowest.tolist(), highest.tolist(), strict=True))


def partial_sums_fit(weights: npt.NDArray[np.int64], bias: npt.NDArray[np.int64], largest: int) -> bool:
    """True where no partial sum, in any order, leaves int32 for inputs of magnitude up to ``largest``."""
    reach = np.abs(bias) + np.abs(weights).sum(axis=1) * largest
    return bool((reach <= INT32[1]).all())


def rescale_fits(intervals: Intervals, shift: tuple[int, ...], zero_point: int) -> bool:
    """True where ``x << shift`` and the rescaled value plus zero point stay inside int32, channel by channel."""
    for (low, high), s in zip(intervals, shift, strict=True):
        reach = max(-low, high) << max(s, 0)
        if reach + abs(zero_point) > INT32[1]:
            return False
    return True
