"""C text of fixed-point maps, and words for what counts mean."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np

from ..emit.text import LINE, number
from ..graph import DType
from ..ops.text import loop
from ..program import Constant, Counts
from .maps import FixedPointMap, Form, Formula, fit

MOST_LOOPS = 4  # with so many runs of equal elements each has a loop of its own; with more there are tables
MOST_SPELLED = 12  # numbers of a list in a comment


@dataclass(frozen=True)
class MapText:
    """The body of a layer function that maps ``input`` to ``output``, and what it needs."""

    body: tuple[str, ...]
    kernels: tuple[str, ...]
    constants: tuple[Constant, ...]
    maps: tuple[FixedPointMap, ...]


Tables = dict[tuple[DType, tuple[int, ...]], str]
"""C names of tables by type and values."""


def map_text(
    maps: Sequence[FixedPointMap], source: DType, target: DType, name: str, tables: Tables | None = None
) -> MapText:
    """C that maps each element by its formula; new tables bear ``name`` and are added to ``tables``.

    Raises ValueError where tables are needed and elements whose formulas are alike do not come within one count.
    """
    runs = [(formula, len(list(group))) for formula, group in groupby(maps, key=lambda m: m.formula)]
    if len(runs) <= MOST_LOOPS:
        body: list[str] = []
        start = 0
        for formula, count in runs:
            lines = _statements(_Numbers.literal(formula), source, target, "i" if count > 1 else str(start))
            body += loop("i", start + count, lines, start) if count > 1 else lines
            start += count
        return MapText(tuple(body), _kernels([f for f, _ in runs], source), (), tuple(maps))
    period = next(p for p in range(1, len(maps) + 1) if len(maps) % p == 0 and _repeats(maps, p))
    alike = _alike(maps[:period])
    formulas = [m.formula for m in alike]
    index, inner = ("i", "i") if period == len(maps) else ("i + k", "k")
    numbers, constants = _Numbers.tables(formulas, source, name, inner, {} if tables is None else tables)
    lines = _statements(numbers, source, target, index)
    once = loop(inner, period, lines)
    around = once if period == len(maps) else loop("i", len(maps), once, step=period)
    return MapText(around, _kernels(formulas, source), constants, tuple(alike) * (len(maps) // period))


def _repeats(maps: Sequence[FixedPointMap], period: int) -> bool:
    return all(m.formula == maps[i % period].formula for i, m in enumerate(maps))


def _alike(maps: Sequence[FixedPointMap]) -> list[FixedPointMap]:
    """The maps with formulas that differ in their numbers only."""
    plain = [fit(m.wanted, Form(alike=True)) if m.formula.halves_away else m for m in maps]
    if not any(m.formula.high for m in plain):
        return plain
    high = [fit(m.wanted, Form(high=True)) for m in maps]
    return [fit(m.wanted, Form(high=True, lead=min(h.formula.lead for h in high))) for m in maps]


def _kernels(formulas: Sequence[Formula], source: DType) -> tuple[str, ...]:
    used = set()
    for formula in formulas:
        if formula.results is not None or (formula.limits is not None and source is not DType.UINT32):
            used.add("clamp.h")
        if formula.high:
            used.add("doubling_high_multiply.h")
    return tuple(sorted(used))


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a formula as C expressions, '' where there is nothing to do."""

    limits: tuple[str, str] | None
    center: str
    multiplier: str
    rounding: str
    shift: str
    results: tuple[int, int] | None
    halves_away: bool
    high: bool
    lead: int
    tabled: bool = False

    @staticmethod
    def literal(f: Formula) -> _Numbers:
        return _Numbers(
            None if f.limits is None else (number(f.limits[0]), number(f.limits[1])),
            str(f.center) if f.center else "",
            str(f.multiplier) if f.multiplier != 1 or f.high else "",
            str(f.rounding) if f.rounding else "",
            str(f.shift) if f.shift else "",
            f.results,
            f.halves_away,
            f.high,
            f.lead,
        )

    @staticmethod
    def tables(
        formulas: Sequence[Formula], source: DType, name: str, index: str, known: Tables
    ) -> tuple[_Numbers, tuple[Constant, ...]]:
        """Expressions that read tables, and those that are not known; of numbers that are all the same, the number.

        No two tables are the same: avr-gcc would merge them and then warn that one is not initialized.
        """
        constants: list[Constant] = []

        def column(title: str, dtype: DType, pick: Callable[[Formula], int], without: int | None = None) -> str:
            values = [pick(f) for f in formulas]
            if len(set(values)) == 1:
                return "" if values[0] == without else number(values[0])
            key = dtype, tuple(values)
            if key not in known:
                constants.append(Constant(title, dtype, np.array(values, np.int64)))
                known[key] = f"{name}_{title}"
            return f"{known[key]}[{index}]"

        limits = None
        if any(f.limits is not None for f in formulas):
            least = column("least", source, lambda f: (f.limits or source.limits)[0])
            limits = least, column("most", source, lambda f: (f.limits or source.limits)[1])
        return (
            _Numbers(
                limits,
                column("center", DType.UINT32 if source is DType.UINT32 else DType.INT32, lambda f: f.center, 0),
                column("multiplier", DType.INT32, lambda f: f.multiplier, None if formulas[0].high else 1),
                column("rounding", DType.INT32, lambda f: f.rounding, 0),
                column("shift", DType.INT8, lambda f: f.shift, 0),
                next((f.results for f in formulas if f.results is not None), None),
                False,
                formulas[0].high,
                formulas[0].lead,
                tabled=True,
            ),
            tuple(constants),
        )


def _statements(n: _Numbers, source: DType, target: DType, index: str) -> list[str]:
    """``output[index] = ...;`` and what comes before it: one step a line where numbers from tables make long lines."""
    lines: list[str] = []
    x = f"input[{index}]"
    if source is DType.UINT32:
        if n.limits is not None:
            x = "limited"
            lines += _unsigned_limits(n, index)
        x = x if n.high else f"(int32_t){x}"
    elif n.limits is not None:
        x = f"clamp({x}, {n.limits[0]}, {n.limits[1]})"
        if n.tabled and not n.high:
            lines.append(f"const int32_t x = {x};")
            x = "x"
    elif source is not DType.INT32:
        x = f"(int32_t){x}"
    value = _high(n, x, lines, source) if n.high else _low(n, x, lines)
    if n.tabled or n.high:
        lines.append(f"const int32_t product = {value};")
        value = "product"
    value = _plus(value, n.rounding)
    if n.halves_away:
        value += " - (x < 0)"
    if n.shift:
        value = f"({value}) >> {n.shift}"
    if n.tabled:
        lines.append(f"const int32_t result = {value};")
        value = "result"
    if n.results is not None:
        value = f"clamp({value}, {n.results[0]}, {n.results[1]})"
    elif value not in (x, "result"):
        value = f"({value})"
    return [*lines, f"output[{index}] = ({target.c}){value};"]


def _low(n: _Numbers, x: str, lines: list[str]) -> str:
    """The product of the low form."""
    if n.halves_away:
        lines.append(f"const int32_t x = {_plus(x if n.center else x.removeprefix('(int32_t)'), n.center, -1)};")
        return "x"
    if not n.multiplier:
        return _plus(x, n.center, -1)
    return f"({_plus(x, n.center, -1)}) * {n.multiplier}" if n.center else f"{x} * {n.multiplier}"


def _high(n: _Numbers, x: str, lines: list[str], source: DType) -> str:
    """The product of the high form. The difference to the center is taken without a sign: it may need 32 bits."""
    unsigned = x if source is DType.UINT32 else f"(uint32_t){x}"
    if n.center.lstrip("-").isdigit():
        center = int(n.center)
        unsigned += f" - {center}u" if center > 0 else f" + {-center}u"
    elif n.center:
        unsigned += f" - {n.center}" if source is DType.UINT32 else f" - (uint32_t){n.center}"
    lines.append(f"const uint32_t above = {unsigned};")
    moved = f"(above << {n.lead})" if n.lead > 0 else f"(above >> {-n.lead})" if n.lead else "above"
    return f"doubling_high_multiply((int32_t){moved}, {n.multiplier})"


def _unsigned_limits(n: _Numbers, index: str) -> list[str]:
    """A comparison that is always false would draw a warning, and so is left out."""
    assert n.limits is not None
    x = f"input[{index}]"
    least, most = (f"{limit}u" if limit.isdigit() else limit for limit in n.limits)
    if least == "0u":
        return [f"const uint32_t limited = {x} > {most} ? {most} : {x};"]
    if most == f"{DType.UINT32.limits[1]}u":
        return [f"const uint32_t limited = {x} < {least} ? {least} : {x};"]
    return [
        f"const uint32_t least = {least}, most = {most};",
        f"const uint32_t limited = {x} < least ? least : {x} > most ? most : {x};",
    ]


def _plus(x: str, term: str, sign: int = 1) -> str:
    if not term:
        return x
    if term.startswith("-"):
        term, sign = term[1:], -sign
    return f"{x} {'+' if sign > 0 else '-'} {term}"


def spelled(value: Fraction) -> str:
    """A decimal where it is exact and short, else a fraction."""
    digits = 0
    while digits < 12 and (value * 10**digits).denominator != 1:
        digits += 1
    if (value * 10**digits).denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    return _decimal(int(value * 10**digits), digits)


def _decimal(scaled: int, digits: int) -> str:
    if not digits:
        return str(scaled)
    text = f"{abs(scaled):0{digits + 1}d}"
    return f"{'-' if scaled < 0 else ''}{text[:-digits]}.{text[-digits:]}"


def meaning(name: str, unit: Sequence[Fraction], zero: Sequence[Fraction]) -> str:
    """Such as ``0.01 * (raw - 512)``: the real value of the counts of the parameter ``name``."""
    listed: list[str] = []

    def one(title: str, values: Sequence[Fraction]) -> str:
        if len(set(values)) == 1:
            return spelled(values[0])
        period = next(p for p in range(1, len(values) + 1) if all(v == values[i % p] for i, v in enumerate(values)))
        rest = ", ..." if min(period, MOST_SPELLED) < len(values) else ""
        listed.append(f"{title} = {', '.join(spelled(v) for v in values[: min(period, MOST_SPELLED)])}{rest}")
        return f"{title}[i]"

    factor = one("unit", unit)
    subject = f"{name}[i]" if len(set(unit)) > 1 or len(set(zero)) > 1 else name
    if any(zero):
        origin = one("zero", zero)
        subject = f"({_plus(subject, origin, -1)})"
    return "; ".join([f"{factor} * {subject}", *listed])


def rounded_up(error: Fraction, digits: int = 4) -> str:
    """An error as a decimal that is not less."""
    return _decimal(math.ceil(error * 10**digits), digits)


def accuracy(maps: Sequence[FixedPointMap]) -> tuple[float, bool]:
    """The greatest error of all, rounded up to four digits, and whether every value is the nearest."""
    return float(rounded_up(max(m.error for m in maps))), all(m.exact for m in maps)


def told(counts: Counts) -> str:
    """What the counts mean, how the network's values are rounded, and the error."""
    if counts.error is None:
        return counts.meaning
    if not counts.error:
        return f"{counts.meaning}; exact"
    nearest = "to the nearest, halves away from zero, " if counts.exact else ""
    return f"{counts.meaning}; {nearest}at most {counts.error:g} counts off"


def as_comment(paragraphs: Sequence[str]) -> tuple[str, ...]:
    """The lines of a C comment, each paragraph beginning a line."""
    lines = [
        f"   {line}"
        for position, paragraph in enumerate(paragraphs)
        for line in textwrap.wrap(paragraph, LINE - 6, subsequent_indent="  " if position else "")
    ]
    lines[0] = f"/*{lines[0][2:]}"
    return *lines[:-1], f"{lines[-1]} */"
