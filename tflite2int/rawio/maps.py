"""Affine maps of integers in fixed point: found by search, then measured over the whole range of the source.

Everything here is exact: integers of any size, and numpy's only where bounds show that 64 bits hold them. A formula is
evaluated as the emitted C computes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bounds import INT32

Int64Array = npt.NDArray[np.int64]
Range = tuple[int, int]

ENUMERATED = 2**17  # sources with fewer values than this are checked value by value
WIDEST_SHIFT = 30
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class AffineMap:
    """What is wanted: ``base`` + the integer nearest to ``slope * x + intercept``, halves away from zero, limited to
    ``target``, for integers x in ``source``. The slope is positive."""

    slope: Fraction
    intercept: Fraction
    base: int
    source: Range
    target: Range

    @cached_property
    def integers(self) -> tuple[int, int, int]:
        """a, b, d with ``slope * x + intercept == (a * x + b) / d``."""
        d = math.lcm(self.slope.denominator, self.intercept.denominator)
        return int(self.slope * d), int(self.intercept * d), d

    def exact(self, x: int) -> Fraction:
        """The value before it is rounded and limited."""
        return self.base + self.slope * x + self.intercept

    def nearest(self, x: int) -> int:
        """The rounded value before it is limited."""
        a, b, d = self.integers
        n = a * x + b
        return self.base + ((2 * n + d) // (2 * d) if n >= 0 else -((d - 2 * n) // (2 * d)))

    def rounded(self, x: int) -> int:
        """The value wanted."""
        return min(max(self.nearest(x), self.target[0]), self.target[1])

    def first(self, y: int) -> int:
        """The least of all integers whose rounded value, before it is limited, is ``y`` or more."""
        a, b, d = self.integers
        edge = (2 * (y - self.base) - 1) * d - 2 * b  # the value is y - 1/2 where 2 * a * x is this
        # A half goes up where it is positive and down where it is negative.
        return -(-edge // (2 * a)) if y > self.base else edge // (2 * a) + 1

    @property
    def saturates(self) -> bool:
        low, high = self.source
        return self.nearest(low) < self.target[0] or self.nearest(high) > self.target[1]

    @cached_property
    def domain(self) -> Range:
        """The part of the source that tells: where it ends within the source, the exact value has left the target."""
        low, high = self.source
        a, b, d = self.integers
        lowest, highest = ((t - self.base) * d - b for t in self.target)
        if self.nearest(low) < self.target[0]:
            low = min(max(low, lowest // a), high)
        if self.nearest(high) > self.target[1]:
            high = max(min(high, -(-highest // a)), low)
        return low, high

    @cached_property
    def steps(self) -> tuple[list[int], list[int], list[int]]:
        """The domain's levels: where each begins, where it ends, and its value."""
        low, up = self.domain
        if self.slope < 1:
            jumps = [self.first(y) for y in range(self.rounded(low) + 1, self.rounded(up) + 1)]
        else:
            jumps = list(range(low + 1, up + 1))
        starts = [low, *jumps]
        return starts, [*(jump - 1 for jump in jumps), up], [self.rounded(x) for x in starts]


@dataclass(frozen=True)
class Formula:
    """``((x - center) * multiplier + rounding) >> shift`` in 32-bit arithmetic.

    ``limits`` bound x beforehand and ``results`` the result, None where they need none. Where ``halves_away``, 1 is
    subtracted before the shift if x - center is negative. ``high`` is the form for x of 32 bits: x - center is moved
    to the left by ``lead`` bits (to the right if negative), and of its product with the multiplier the upper half is
    taken, rounded, as doubling_high_multiply.h does.
    """

    multiplier: int
    rounding: int
    shift: int
    center: int = 0
    limits: Range | None = None
    results: Range | None = None
    halves_away: bool = False
    high: bool = False
    lead: int = 0

    def apply(self, x: Int64Array) -> Int64Array:
        """The results for an array of x."""
        if self.limits is not None:
            x = np.clip(x, *self.limits)
        x = x - self.center
        if self.high:
            x = x << self.lead if self.lead >= 0 else x >> -self.lead
            y = (((x * self.multiplier + 2**30) >> 31) + self.rounding) >> self.shift
        else:
            y = (x * self.multiplier + self.rounding - (self.halves_away & (x < 0))) >> self.shift
        return np.asarray(y if self.results is None else np.clip(y, *self.results), np.int64)

    def fits(self, source: Range) -> bool:
        """True where no step of the low form leaves int32, for x in ``source``."""
        values = [self.center, self.rounding]
        for x in source if self.limits is None else self.limits:
            product = (x - self.center) * self.multiplier
            values += [x, x - self.center, product, product + self.rounding, product + self.rounding - 1]
        # The lowest of int32 has no literal.
        return INT32[0] <= min(values) and max(values) <= INT32[1] and INT32[0] not in (self.center, self.rounding)


@dataclass(frozen=True)
class FixedPointMap:
    """A formula, and its greatest distance to the exact value (limited to the target), in counts of the target.

    ``exact``: it gives the rounded value that is wanted for every x.
    """

    wanted: AffineMap
    formula: Formula
    error: Fraction
    exact: bool


@dataclass(frozen=True)
class Form:
    """Which formulas may be taken. ``alike``: those that differ in their numbers only, so that tables hold them.

    ``high``: the high form with at most ``lead``.
    """

    alike: bool = False
    high: bool = False
    lead: int = 31


@lru_cache(maxsize=4096)
def fit(wanted: AffineMap, form: Form = Form()) -> FixedPointMap:
    """The formula with the smallest numbers that gives what is wanted, else one within one count.

    Raises ValueError where all x have the same value, or no formula is near enough.
    """
    low, up = wanted.domain
    if wanted.rounded(low) == wanted.rounded(up):
        raise ValueError(f"every count becomes {wanted.rounded(low)}")
    if not form.high:
        for limits, results in _limitings(wanted):
            formula = _exact(wanted, limits, results, form.alike)
            if formula is not None and (found := _measured(wanted, formula)) is not None and found.exact:
                return found
    best = None
    if not form.high and up - low < ENUMERATED:
        best = _best(wanted, lambda limits, results: _near(wanted, limits, results))
    if best is None:  # or the source has numbers that are no int32
        best = _best(wanted, lambda limits, results: _high(wanted, limits, results, form.lead))
    if best is None or best.error > 1:
        raise ValueError("32-bit arithmetic does not come within one count")
    return best


def _best(
    wanted: AffineMap, formulas: Callable[[Range | None, Range | None], Iterator[Formula]]
) -> FixedPointMap | None:
    """The one with the least error among the first two for each way to limit."""
    found = [
        _measured(wanted, formula)
        for limits, results in _limitings(wanted)
        for formula in islice(formulas(limits, results), 2)
    ]
    return min((f for f in found if f is not None), key=lambda f: f.error, default=None)


def _limitings(wanted: AffineMap) -> list[tuple[Range | None, Range | None]]:
    """Limits of x and of the result to try, the cheapest first."""
    if not wanted.saturates:
        return [(None, None), (None, wanted.target)]
    return [(None, wanted.target), (wanted.domain, None), (wanted.domain, wanted.target)]


def _exact(wanted: AffineMap, limits: Range | None, results: Range | None, alike: bool) -> Formula | None:
    """The formula with the smallest shift that gives the rounded value for every x, if there is one."""
    low, up = wanted.domain
    lower, upper = _corners(wanted, results is not None)
    zero = -wanted.intercept / wanted.slope
    for shift in range(WIDEST_SHIFT + 1):
        scaled = wanted.slope * 2**shift
        for center in (0, (low + up + 1) // 2):
            for multiplier in range(max(int(scaled) - 1, 1), int(scaled) + 3):
                # y << shift <= (x - center) * multiplier + rounding < (y + 1) << shift
                least = max((y << shift) - (x - center) * multiplier for x, y in lower)
                most = min((y << shift) - (x - center) * multiplier for x, y in upper) - 1
                if least <= most:
                    formula = Formula(multiplier, _roundest(least, most), shift, center, limits, results)
                    if formula.fits(wanted.source):
                        return formula
        if scaled == 1 and shift and zero.denominator == 1 and not alike:
            rounding = (wanted.base << shift) + (1 << (shift - 1))
            formula = Formula(1, rounding, shift, int(zero), limits, results, halves_away=True)
            if formula.fits(wanted.source):
                return formula
    return None


def _corners(wanted: AffineMap, limited: bool) -> tuple[list[Range], list[Range]]:
    """Points (x, y) that the formula must reach, and points that it must stay below.

    Only corners of convex hulls are left: a line that is right there is right everywhere. Where results are
    ``limited``, saturated values may be exceeded.
    """
    starts, ends, levels = wanted.steps
    lower = list(zip(starts, levels, strict=True))
    upper = [(x, y + 1) for x, y in zip(ends, levels, strict=True)]
    if limited:
        lower = [(x, y) for x, y in lower if y > wanted.target[0]]
        upper = [(x, y) for x, y in upper if y <= wanted.target[1]]
    return _hull(lower, 1), _hull(upper, -1)


def _hull(points: list[Range], side: int) -> list[Range]:
    """Corners of the convex hull's upper side (1) or lower side (-1); points are in increasing x."""
    corners: list[Range] = []
    for x, y in points:
        while len(corners) > 1:
            (x0, y0), (x1, y1) = corners[-2:]
            if ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) * side < 0:
                break
            corners.pop()
        corners.append((x, y))
    return corners


def _roundest(least: int, most: int) -> int:
    """The number from ``least`` to ``most`` that ends in the most zero bits."""
    return next(n for bits in range(64, -1, -1) if (n := -(-least >> bits) << bits) <= most)


def _near(wanted: AffineMap, limits: Range | None, results: Range | None) -> Iterator[Formula]:
    """Low formulas, the greatest shift first, that are off by as much at one end of the domain as at the other."""
    center = (sum(wanted.domain) + 1) // 2
    for shift in range(WIDEST_SHIFT, -1, -1):
        scaled = int(wanted.slope * 2**shift)
        for multiplier in (scaled, scaled + 1):
            off = [wanted.exact(x) - Fraction((x - center) * multiplier, 2**shift) for x in wanted.domain]
            rounding = round((sum(off, Fraction(0)) / 2 + HALF) * 2**shift)
            formula = Formula(multiplier, rounding, shift, center, limits, results)
            if formula.fits(wanted.source):
                yield formula


def _high(wanted: AffineMap, limits: Range | None, results: Range | None, most: int) -> Iterator[Formula]:
    """High formulas, the greatest shift first."""
    low, up = wanted.source if limits is None else limits
    lead = min(31 - (up - low).bit_length(), most)  # -1 where the difference needs 32 bits
    span = (up - low) << lead if lead >= 0 else (up - low) >> -lead
    for shift in range(WIDEST_SHIFT, -1, -1):
        multiplier = round(wanted.slope * Fraction(2) ** (31 + shift - lead))
        rounding = round((wanted.exact(low) + HALF) * 2**shift)
        if multiplier <= INT32[1] and INT32[0] < rounding <= INT32[1] - (span * multiplier + 2**30 >> 31):
            yield Formula(multiplier, rounding, shift, low, limits, results, high=True, lead=lead)


def _measured(wanted: AffineMap, formula: Formula) -> FixedPointMap | None:
    """Compare the formula with the exact value. None where a result leaves the target.

    Value by value where there are few; else by ``_proved``. Neither the formula nor the exact value ever decreases,
    so that what lies outside the domain is told by its ends.
    """
    span = wanted.source if wanted.source[1] - wanted.source[0] < ENUMERATED else wanted.domain
    least, below, above, most = formula.apply(np.array([wanted.source[0], *wanted.domain, wanted.source[1]])).tolist()
    lowest, highest = wanted.target
    if least < lowest or most > highest:
        return None
    error, exact = _compared(wanted, formula, span) if span[1] - span[0] < ENUMERATED else _proved(wanted, formula)
    over = max(
        below - lowest if wanted.domain[0] > wanted.source[0] else 0,
        highest - above if wanted.domain[1] < wanted.source[1] else 0,
    )
    return FixedPointMap(wanted, formula, max(error, Fraction(over)), exact and not over)


def _compared(wanted: AffineMap, formula: Formula, span: Range) -> tuple[Fraction, bool]:
    """The greatest error over ``span``, and whether every value is the one wanted."""
    low, up = span
    xs = np.arange(low, up + 1, dtype=np.int64)
    a, b, d = wanted.integers
    largest = max(abs(low), abs(up)) * a + abs(b) + d * (1 + max(abs(t - wanted.base) for t in wanted.target))
    kind: Any = np.int64 if largest < 2**61 else object
    exact = xs.astype(kind) * a + b
    relative = formula.apply(xs).astype(kind) - wanted.base
    lowest, highest = (t - wanted.base for t in wanted.target)
    off = relative * d - np.clip(exact, lowest * d, highest * d)
    error = Fraction(int(np.abs(off).max()), d)
    ties = np.abs(off) * 2 == d
    right = error <= HALF and bool(((off[ties] > 0) == (exact[ties] > 0)).all())
    return error, right


def _proved(wanted: AffineMap, formula: Formula) -> tuple[Fraction, bool]:
    """The same for a large domain, where the error is a bound and values may be right without being known to be.

    A low formula is right everywhere if it is at both ends of each level of the value wanted. A high formula is
    floor(line), since a floor of a floor is one floor; so its error is, at either end of the domain, between the line's
    distance to the exact value and 1 less.
    """
    if not formula.high:
        starts, ends, levels = (np.array(column, np.int64) for column in wanted.steps)
        right = (formula.apply(starts) == levels).all() and (formula.apply(ends) == levels).all()
        return (HALF, True) if right else (Fraction(2), False)
    slope = formula.multiplier * Fraction(2) ** (formula.lead - 31 - formula.shift)
    lost = slope / 2 if formula.lead < 0 else Fraction(0)
    bounds = []
    for x in wanted.domain:
        line = (x - formula.center) * slope + (formula.rounding + HALF) / 2**formula.shift
        bounds += [line - wanted.exact(x), 1 + lost - (line - wanted.exact(x))]
    return max(bounds), False
