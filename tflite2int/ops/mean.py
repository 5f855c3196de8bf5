"""MEAN: kernels/reduce.cc and QuantizedMeanOrSum in internal/reference/reduce.h."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby

import numpy as np

from ..attributes import Reduce
from ..bounds import INT32, rescale_fits
from ..fixedpoint import quantize_multiplier
from ..graph import DType, Graph, Operator
from ..program import Layer, Linear, Rescale
from ..requantization import find_linear, target
from .copies import row_major
from .support import Support, quantized_per_tensor, types
from .text import INDEX_NAMES, advance, loop, plus


def constant_axes(graph: Graph, op: Operator) -> str | None:
    """The dimensions to reduce must be a constant."""
    axes = graph.required(op, 1)
    return None if axes.constant else f"{axes} is computed"


def axes_and_shapes(graph: Graph, op: Operator) -> str | None:
    """The input must have eight dimensions at most, the ones to reduce among them, and the output the shape that is
    left."""
    x, out = graph.required(op, 0), graph.result(op)
    assert isinstance(op.attributes, Reduce)
    rank = max(len(x.shape), 1)
    axes = graph.required(op, 1).value().reshape(-1).tolist()
    if rank > len(INDEX_NAMES) or any(not -rank <= a < rank for a in axes):
        return f"{axes} of {list(x.shape)}"
    reduced = _reduced(graph, op)
    wanted = tuple(1 if r else n for n, r in zip(x.shape, reduced, strict=True) if op.attributes.keep_dims or not r)
    if out.shape != wanted:
        return f"{axes} of {list(x.shape)} to {list(out.shape)}"
    return None


def exact_in_32_bits(graph: Graph, op: Operator) -> str | None:
    """The sum and its rescaled value must fit in 32 bits for every input."""
    x, out, count = graph.required(op, 0), graph.result(op), _count(graph, op)
    try:
        rescale = folded(graph, op)
    except ValueError as error:
        return str(error)
    low, high = x.dtype.limits
    if count * max(x.zero_point - low, high - x.zero_point, abs(x.zero_point)) > INT32[1]:
        return f"the mean of {count} elements overflows"
    if not rescale_fits(rescale.accumulator, rescale.shift, out.zero_point):
        return f"a rescale by {x.scale / out.scale:.6g} overflows"
    return None


def _reduced(graph: Graph, op: Operator) -> tuple[bool, ...]:
    """For each dimension of the input whether it is reduced."""
    shape = graph.required(op, 0).shape
    axes = {a % len(shape) for a in graph.required(op, 1).value().reshape(-1).tolist()} if shape else set()
    return tuple(d in axes for d in range(len(shape)))


def _count(graph: Graph, op: Operator) -> int:
    """The number of elements of which each mean is taken."""
    return math.prod(n for n, r in zip(graph.required(op, 0).shape, _reduced(graph, op), strict=True) if r)


def folded(graph: Graph, op: Operator) -> Rescale:
    """The rescale of a sum to the mean of its ``count`` elements: 1 / count is part of the multiplier, rounded down.

    Raises ValueError where the scales do not allow it.
    """
    x, out, count = graph.required(op, 0), graph.result(op), _count(graph, op)
    real = x.scale / out.scale
    multiplier, shift = quantize_multiplier(real)
    fold = min(count.bit_length() - 1, 32, 31 + shift)
    low, high = (count * (limit - x.zero_point) for limit in x.dtype.limits)
    return Rescale("mean", (real / count,), ((multiplier << fold) // count,), (shift - fold,), ((low, high),))


def lower(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    x, out, count = graph.required(op, 0), graph.result(op), _count(graph, op)
    rescale = folded(graph, op)
    lowest, highest = out.dtype.limits
    strides = row_major(x.shape)
    # Neighbouring dimensions of one kind are one dimension: (reduced, size, input stride).
    runs: list[tuple[bool, int, int]] = []
    dims = [(r, n, s) for r, n, s in zip(_reduced(graph, op), x.shape, strides, strict=True) if n > 1]
    for reduced, run in groupby(dims, key=lambda d: d[0]):
        members = list(run)
        runs.append((reduced, math.prod(n for _, n, _ in members), members[-1][2]))
    runs.sort(key=lambda run: run[0])  # kept dimensions outside, each kind in its own order
    named = list(zip(INDEX_NAMES[: len(runs)], runs, strict=True))
    kept = [(name, size) for name, (reduced, size, _) in named if not reduced]
    place = dict(zip((name for name, _ in kept), row_major([size for _, size in kept]), strict=True))
    element = advance("0", *((name, stride) for name, (_, _, stride) in named)).removeprefix("0 + ")
    body: tuple[str, ...] = (f"sum += input[{element}];",)
    for name, (reduced, size, _) in reversed(named):
        if reduced:
            body = loop(name, size, body)
    start = -count * x.zero_point
    if x.dtype is DType.INT8:
        found = find_linear(target(rescale, np.array([start]), out.zero_point, out.dtype.limits))
        rescale = replace(rescale, linear=found)
    begin, end, mean = _by_line(rescale.linear) if rescale.linear else _by_rescale(rescale, start, out.zero_point)
    result = f"output[{advance('0', *place.items()).removeprefix('0 + ')}]"
    body = (begin, *body, *end, f"{result} = ({out.dtype.c})clamp({mean}, {lowest}, {highest});")
    for name, size in reversed(kept):
        body = loop(name, size, body)
    return (
        Layer(
            operator=op,
            reads=(x.index,),
            writes=(out.index,),
            body=body,
            kernels=("clamp.h", "scaled_product.h" if rescale.linear else "rescale.h"),
            rescales=(rescale,),
            clamp=(lowest, highest),
        ),
    )


def _by_line(line: Linear) -> tuple[str, tuple[str, ...], str]:
    """C before the sum and behind it, and the mean, by a line that equals the reference's rescale."""
    steps = f"const int32_t steps = scaled_product(sum, {line.multiplier[0]}) + {line.offset[0]};"
    note = "/* the reference's roundings, and both zero points, are in these numbers */"
    if not line.below:
        return "int32_t sum = 0;", (note, steps), f"steps >> {line.shift}"
    lower = f"(steps < {line.middle} ? steps - {line.below[0]} : steps)"
    return "int32_t sum = 0;", (note, steps), f"{lower} >> {line.shift}"


def _by_rescale(rescale: Rescale, start: int, zero_point: int) -> tuple[str, tuple[str, ...], str]:
    """The same by the reference's own arithmetic."""
    begin = f"int32_t sum = {start};" + (
        " /* minus the input's zero point, as often as it is added */" if start else ""
    )
    return begin, (), plus(f"rescale(sum, {rescale.multiplier[0]}, {rescale.shift[0]})", zero_point)


OPERATORS = (
    Support(
        "MEAN",
        (
            types("int8 int32 > int8", "int16 int32 > int16"),
            quantized_per_tensor,
            constant_axes,
            axes_and_shapes,
            exact_in_32_bits,
        ),
        lower,
    ),
)
