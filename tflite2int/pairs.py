"""The cheapest exact form of ADD and SUB on 8-bit elements: a search at compile time, proved on all 65,536 pairs.

The reference rescales both inputs, and their sum, with two roundings each. Its outputs are those of a sum of the inputs
by two factors, shifted to the right, but for halves below the zero point, which it rounds the other way: where it
matters, the sum is lowered there. See requantization.py, which does the same for the accumulators of weighted layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .bounds import INT32
from .fixedpoint import Int64Array
from .requantization import HIGHEST_SHIFT, LOWEST_SHIFT

Mask = npt.NDArray[np.bool_]

VALUES = np.arange(-128, 128, dtype=np.int64)
# Distances of both factors from the real ones.
CANDIDATES = sorted(((i, j) for i in range(-2, 3) for j in range(-2, 3)), key=lambda d: abs(d[0]) + abs(d[1]))


@dataclass(frozen=True)
class PairSum:
    """``steps = a * factors[0] + b * factors[1] + offset``, less ``below`` where ``steps < middle``; then
    ``steps >> shift``, and the clamp."""

    factors: tuple[int, int]
    offset: int
    below: int
    middle: int
    shift: int

    def apply(self, a: Int64Array, b: Int64Array) -> Int64Array:
        """The results before the clamp; kernels/weighted_sum.c."""
        steps = a * self.factors[0] + b * self.factors[1] + self.offset
        return np.asarray((steps - np.where(steps < self.middle, self.below, 0)) >> self.shift, np.int64)

    @property
    def fits(self) -> bool:
        """True where no intermediate value leaves 32 bits."""
        reach = 128 * sum(abs(factor) for factor in self.factors) + abs(self.offset) + self.below
        return self.below >= 0 and reach <= INT32[1]


def find_pair_sum(
    outputs: Int64Array, real: tuple[float, float], zero_point: int, clamp: tuple[int, int]
) -> PairSum | None:
    """A form that gives ``outputs[a + 128, b + 128]`` for every pair; None where none is found in 32 bits.

    ``real`` are the real factors of the inputs, in steps of the output.
    """
    largest = 2 * 128 * (abs(real[0]) + abs(real[1])) + 2 * (abs(zero_point) + 2)
    shift = min(int(np.log2(INT32[1] / largest)), HIGHEST_SHIFT)
    if shift < LOWEST_SHIFT:
        return None
    middle = (2 * zero_point + 1) << (shift - 1)
    # A pair's output is a level that is reached, and one below a level that is not. Levels up to the zero point may
    # be reached with a smaller offset than those above.
    reached, unreached = outputs > clamp[0], outputs < clamp[1]
    up_to = (reached & (outputs <= zero_point), unreached & (outputs < zero_point))
    above = (reached & (outputs > zero_point), unreached & (outputs >= zero_point))
    goal = outputs << shift
    for i, j in CANDIDATES:
        factors = round(real[0] * 2**shift) + i, round(real[1] * 2**shift) + j
        rest = goal - (VALUES[:, None] * factors[0] + VALUES[None, :] * factors[1])
        low, high = _offsets(rest, *above, shift)
        low_below, high_below = _offsets(rest, *up_to, shift)
        if max(low, low_below) <= min(high, high_below):
            form = PairSum(factors, (max(low, low_below) + min(high, high_below)) // 2, 0, INT32[0], shift)
        else:
            offset = (low + high) // 2
            form = PairSum(factors, offset, offset - (low_below + high_below) // 2, middle, shift)
        result = np.clip(form.apply(VALUES[:, None], VALUES[None, :]), *clamp)
        if form.fits and np.array_equal(result, outputs):
            return form
    return None


def _offsets(rest: Int64Array, reached: Mask, unreached: Mask, shift: int) -> tuple[int, int]:
    """The least and the most offset with which these pairs reach their level, and do not reach the next."""
    least = int(rest.max(where=reached, initial=-(2**40)))
    most = int(rest.min(where=unreached, initial=2**40)) + (1 << shift) - 1
    return least, most
