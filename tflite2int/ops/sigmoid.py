"""LOGISTIC, TANH: kernels/activations.cc, LUTPopulate in internal/common.h, integer_ops/{logistic,tanh}.h.

8-bit elements take their results from a table of their own, 16-bit elements from lines between 256 points that all such
layers share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..bounds import INT32
from ..fixedpoint import checked_log2, f32, round_half_away
from ..graph import DType, Graph, Operator
from ..libm import expf, tanhf
from ..program import Layer
from .lookup import domain, same_shape, table_layer
from .support import Lowered, Support, quantized_per_tensor, types, zero_point_of_int16

Int64Array = npt.NDArray[np.int64]


def output_scale(graph: Graph, op: Operator) -> str | None:
    """The output's scale must be 1/256 for 8-bit LOGISTIC, and 1/32768 with 16 bits."""
    out = graph.result(op)
    if out.dtype is DType.INT16:
        wanted = 1 / 32768
    elif op.kind == "LOGISTIC":
        wanted = 1 / 256
    else:
        return None
    return None if out.scale == wanted else f"{out.scale!r}"


def input_scale(graph: Graph, op: Operator) -> str | None:
    """A 16-bit input's scale must be below 16/3."""
    x = graph.required(op, 0)
    if x.dtype is not DType.INT16:
        return None
    steps = table_steps(op.kind, x.scale)
    half = 1 << steps.shift >> 1
    return None if steps.multiplier * 32768 + half <= INT32[1] else f"{x.scale:.6g}"


def _from_real(graph: Graph, op: Operator, function: Callable[[float], float]) -> Int64Array:
    """A function of real numbers of all 8-bit values: every step a float of C."""
    x, out = graph.required(op, 0), graph.result(op)
    inverse = f32(1 / out.scale)
    lowest, highest = out.dtype.limits
    reals = [function(f32(x.scale * v)) for v in domain(x).tolist()]
    results = [round_half_away(f32(r * inverse)) + out.zero_point for r in reals]
    return np.array([max(lowest, min(highest, r)) for r in results], np.int64)


def _sigmoid(x: float) -> float:
    return f32(1 / f32(1 + expf(-x)))


def logistic(graph: Graph, op: Operator) -> Int64Array:
    """The results for all values of an 8-bit input's type, lowest first."""
    return _from_real(graph, op, _sigmoid)


def tanh(graph: Graph, op: Operator) -> Int64Array:
    """The results for all values of an 8-bit input's type, lowest first."""
    return _from_real(graph, op, tanhf)


@dataclass(frozen=True)
class Steps:
    """``x * multiplier / 2**shift``: a 16-bit input in parts of the table's steps."""

    multiplier: int
    shift: int


def table_steps(kind: str, scale: float) -> Steps:
    """SigmoidPrepare and TanhPrepare: a scale near 2**-12 (for TANH 2**-11, too) counts as that power of two."""
    power = checked_log2(scale)
    if power == -12 or (power == -11 and kind == "TANH"):
        return Steps(3 << (power + 12), 0)
    multiplier, shift = scale * 4096 * 3, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier *= 2
        shift += 1
    return Steps(int(multiplier), shift)


def lower(graph: Graph, op: Operator) -> Lowered:
    x, out = graph.required(op, 0), graph.result(op)
    kernel = op.kind.lower()
    if x.dtype.size == 1:
        return table_layer(op, x, out, logistic(graph, op) if op.kind == "LOGISTIC" else tanh(graph, op))
    steps = table_steps(op.kind, x.scale)
    return (
        Layer(
            operator=op,
            reads=(x.index,),
            writes=(out.index,),
            body=(f"{kernel}_int16({steps.multiplier}, {steps.shift}, input, {x.elements}, output);",),
            kernels=(f"{kernel}_int16.c",),
            elementwise=((x.index, out.index),),
        ),
    )


CONSTRAINTS = (
    types("int8 > int8", "uint8 > uint8", "int16 > int16"),
    quantized_per_tensor,
    same_shape,
    zero_point_of_int16,
    output_scale,
    input_scale,
)

OPERATORS = (Support("LOGISTIC", CONSTRAINTS, lower), Support("TANH", CONSTRAINTS, lower))
