"""The cheapest exact requantization of sums to 8 bits: a search at compile time, and its proof.

What the reference makes of an accumulator (two roundings of a 31-bit product) is a monotone step function with at most
255 thresholds. Any other monotone function with the same thresholds is equal everywhere; so a short multiplier serves,
whose product with the sum needs no 64 bits: see ``program.Linear``. Below the zero point the reference rounds halves
the other way, which moves those steps by one or two accumulators; where one line does not meet them, too, it is
lowered there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .bounds import INT32
from .fixedpoint import Int64Array, multiply_by_quantized_multiplier, scaled_product
from .program import Linear, Rescale

LOWEST_SHIFT, HIGHEST_SHIFT = 16, 31  # the C code takes the upper 16 bits, and shifts these
HIGHEST_BELOW = 2**16 - 1
SPARE = 2**17  # the parts that scaled_product is put together from are less than this off their sum
# Distances from the real multiplier of those that are tried. Most channels are content with 0.
CANDIDATES = (0, *(sign * distance for distance in range(1, 25) for sign in (1, -1)))
NEVER = 2**40  # an accumulator, or a value, that nothing reaches


@dataclass(frozen=True)
class Target:
    """What a rescale computes: for channel c the clamped ``rescale(sum + bias[c]) + zero_point``.

    Every array has one row a channel. ``thresholds[c, j]`` is the smallest accumulator whose output is at least
    ``levels[j]``, for all outputs but the lowest; ``low`` and ``high`` are the accumulator's proved ends.
    """

    rescale: Rescale
    bias: Int64Array
    zero_point: int
    clamp: tuple[int, int]
    levels: Int64Array
    thresholds: Int64Array
    low: Int64Array
    high: Int64Array

    def output(self, accumulators: Int64Array) -> Int64Array:
        """The reference's outputs; ``accumulators`` is (channels, any)."""
        multiplier, shift = (np.array(v, np.int64)[:, None] for v in (self.rescale.multiplier, self.rescale.shift))
        result = multiply_by_quantized_multiplier(accumulators, multiplier, shift) + self.zero_point
        return np.asarray(np.clip(result, *self.clamp), np.int64)


def target(rescale: Rescale, bias: Int64Array, zero_point: int, clamp: tuple[int, int]) -> Target:
    """Find the thresholds. ``rescale.accumulator`` holds the interval of each channel's ``sum + bias``."""
    levels = np.arange(clamp[0] + 1, clamp[1] + 1, dtype=np.int64)
    low, high = np.array(rescale.accumulator, np.int64).reshape(-1, 2).T
    return Target(rescale, bias, zero_point, clamp, levels, _thresholds(rescale, levels - zero_point), low, high)


def _thresholds(rescale: Rescale, values: Int64Array) -> Int64Array:
    """The smallest accumulators whose rescaled value is at least each of ``values``, channel by channel.

    gemmlowp's first product is ``(x * multiplier + 2**30) >> 31``, of which the second rounding makes ``value`` or more
    from ``value * 2**right - 2**(right - 1)`` on; halves of what is negative go down, so there it takes 1 more.
    """
    multiplier, shift = (np.array(v, np.int64)[:, None] for v in (rescale.multiplier, rescale.shift))
    right, left = np.maximum(-shift, 0), np.maximum(shift, 0)
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
    product = (values << right) - half + ((values <= 0) & (right > 0))
    product = np.clip(product, -(2**31), 2**31)  # beyond, no accumulator of 32 bits reaches it
    threshold = _divide_up((product << 31) - 2**30, np.maximum(multiplier, 1))
    return np.where(multiplier > 0, _divide_up(threshold, np.int64(1) << left), np.where(values > 0, NEVER, -NEVER))


def _divide_up(a: Int64Array, b: Int64Array) -> Int64Array:
    return -(-a // b)


def find_linear(wanted: Target) -> Linear | None:
    """A line through the thresholds of all channels, proved; None where there is none that 32-bit arithmetic holds."""
    real = np.array(wanted.rescale.multiplier) * 2.0 ** (np.array(wanted.rescale.shift) - 31)
    constant = (wanted.output(wanted.low[:, None]) == wanted.output(wanted.high[:, None]))[:, 0]
    shared = len(set(zip(wanted.rescale.multiplier, wanted.rescale.shift, strict=True))) == 1
    if not shared:
        real = np.where(constant, 0.0, real)  # any line will do
    shift = _shift(wanted, real)
    if shift is None:
        return None
    near = np.rint(real * 2.0 ** (16 + shift)).astype(np.int64)
    found = _Search(wanted, shift, near)
    for distance in CANDIDATES:
        found.attempt(distance, shared)
        if found.complete:
            form = found.form(shared)
            return form if proved(wanted, form) else None
    return None


def _shift(wanted: Target, real: npt.NDArray[np.float64]) -> int | None:
    """The most bits behind the point at which neither multiplier nor any value leaves 32 bits."""
    ends = np.abs(np.stack([wanted.low, wanted.high]))
    sums = np.abs(np.stack([wanted.low, wanted.high]) - wanted.bias)
    largest = max(float((ends * real).max()) + abs(wanted.zero_point) + 2, float((sums * real).max()))
    shift = int(min(np.log2((INT32[1] - 2 * SPARE) / largest), HIGHEST_SHIFT))
    if real.max() > 0:
        shift = min(shift, int(np.floor(15 - 1e-6 - np.log2(real.max()))))
    return shift if shift >= LOWEST_SHIFT else None


class _Search:
    """The offsets that are legal with a multiplier are an interval, for the levels above the zero point and for those
    up to it; the second one is only used where the two do not meet."""

    def __init__(self, wanted: Target, shift: int, near: Int64Array) -> None:
        self.wanted, self.shift, self.near = wanted, shift, near
        self.todo = np.ones(len(near), np.bool_)
        self.multiplier, self.offset, self.below = (np.zeros(len(near), np.int64) for _ in range(3))
        self.natural = scaled_product(wanted.bias, near) + ((2 * wanted.zero_point + 1) << (shift - 1))

    @property
    def complete(self) -> bool:
        return not self.todo.any()

    def attempt(self, distance: int, shared: bool) -> None:
        """Try the multipliers at ``distance``, for the channels that have none yet; ``shared``: one for all or none."""
        rows = np.flatnonzero(self.todo)
        multiplier = np.maximum(self.near[rows] + distance, 0)
        (low, high), (low_below, high_below) = self._offsets(rows, multiplier)
        fits = (low <= high) & (low_below <= high_below)
        together = fits & (np.maximum(low, low_below) <= np.minimum(high, high_below))
        least, most = np.where(together, 0, low - high_below), np.where(together, 0, high - low_below)
        least = np.maximum(least, 0)
        fits &= (least <= most) & (least <= HIGHEST_BELOW)
        below = np.minimum((least + most) // 2, HIGHEST_BELOW)
        if shared:
            if not fits.all():
                return
            below[:] = 0 if together.all() else (least.max() + (high - low_below).min()) // 2
        # The line serves from one level to the next: offset in [low, high], and less below in [low_below, high_below].
        first, last = np.maximum(low, low_below + below), np.minimum(high, high_below + below)
        fits &= (first <= last) & (below <= HIGHEST_BELOW)
        if shared and not fits.all():
            return
        done = rows[fits]
        self.multiplier[done] = multiplier[fits]
        self.offset[done] = np.clip(self.natural[rows], first, last)[fits]
        self.below[done] = below[fits]
        self.todo[done] = False

    def _offsets(
        self, rows: Int64Array, multiplier: Int64Array
    ) -> tuple[tuple[Int64Array, Int64Array], tuple[Int64Array, Int64Array]]:
        """The least and the most offset, for the levels above the zero point and for those up to it.

        ``sum >= threshold`` must give the level, ``sum < threshold`` must not; of what is never or always reached only
        the ends of the accumulator are asked.
        """
        wanted = self.wanted
        low, high, bias = (v[rows][:, None] for v in (wanted.low, wanted.high, wanted.bias))
        thresholds, goal = wanted.thresholds[rows], wanted.levels << self.shift
        reached, unreached = np.maximum(thresholds, low) - bias, np.minimum(thresholds, high + 1) - 1 - bias
        least = np.where(thresholds <= high, goal - scaled_product(reached, multiplier[:, None]), -NEVER)
        most = np.where(thresholds > low, goal - 1 - scaled_product(unreached, multiplier[:, None]), NEVER)
        up_to = wanted.levels <= wanted.zero_point
        above, below = (
            (least[:, part].max(axis=1, initial=-NEVER), most[:, part].min(axis=1, initial=NEVER))
            for part in (~up_to, up_to)
        )
        return above, below

    def form(self, shared: bool) -> Linear:
        """What was found."""
        tables = [self.multiplier, self.below] if self.below.any() else [self.multiplier]
        multiplier, *below = (tuple(int(v) for v in (table[:1] if shared else table)) for table in tables)
        middle = (2 * self.wanted.zero_point + 1) << (self.shift - 1) if below else INT32[0]
        return Linear(multiplier, tuple(self.offset.tolist()), below[0] if below else (), self.shift, middle)


def proved(wanted: Target, form: Linear) -> bool:
    """True if ``form`` gives the reference's output for every accumulator of every channel, in 32-bit arithmetic.

    Both are monotone, so it is enough to compare them at each threshold that can be reached, one before it, and at both
    ends; that no threshold was missed shows in the number of levels between the ends. The same ends bound every value.
    """
    low, high = wanted.low[:, None], wanted.high[:, None]
    inside = (wanted.thresholds > low) & (wanted.thresholds <= high)
    points = (
        np.where(inside, wanted.thresholds, high),
        np.where(inside, wanted.thresholds - 1, low),
        low,
        high,
    )
    at, before, first, last = (wanted.output(p) for p in points)
    complete = (
        np.array_equal(at, np.where(inside, wanted.levels, last))
        and np.array_equal(before, np.where(inside, wanted.levels - 1, first))
        and np.array_equal(inside.sum(axis=1, keepdims=True), last - first)
    )
    bias = wanted.bias[:, None]
    equal = all(
        np.array_equal(np.clip(evaluate(form, p - bias), *wanted.clamp), e)
        for p, e in zip(points, (at, before, first, last), strict=True)
    )
    multiplier, offset, below = _tables(form)
    products = [scaled_product(end - bias, multiplier) for end in (low, high)]
    largest = max(int(np.abs(v).max()) for p in products for v in (p, p + offset, p + offset - below))
    monotone = multiplier.min() >= 0 and below.min() >= 0
    bounded = multiplier.max() <= INT32[1] and below.max() <= HIGHEST_BELOW and largest <= INT32[1] - SPARE
    return bool(complete and equal and monotone and bounded) and LOWEST_SHIFT <= form.shift <= HIGHEST_SHIFT


def evaluate(form: Linear, sums: Int64Array) -> Int64Array:
    """What requantize.h computes of sums without bias, (channels, any), before its clamp."""
    multiplier, offset, below = _tables(form)
    steps = scaled_product(sums, multiplier) + offset
    return np.asarray((steps - np.where(steps < form.middle, below, 0)) >> form.shift, np.int64)


def _tables(form: Linear) -> tuple[Int64Array, Int64Array, Int64Array]:
    multiplier, offset, below = (np.array(values or (0,), np.int64)[:, None] for values in form.tables)
    return multiplier, offset, below
