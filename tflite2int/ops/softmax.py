"""SOFTMAX: SoftmaxPrepare in kernels/activations.cc and internal/reference/softmax.h."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..attributes import Softmax
from ..fixedpoint import (
    exp_on_negative_values,
    f32,
    quantize_multiplier,
    saturating_rounding_doubling_high_mul,
)
from ..graph import DType, Graph, Operator
from ..program import Constant, Layer, Rescale, layer_name
from .lookup import same_shape
from .support import Support, quantized_per_tensor, types
from .text import per_row

INTEGER_BITS = 5  # of what exp is taken of
SMALLEST = 1 << 11  # an exponential below it rounds to 0 in the sum, and so does its probability
LONGEST_ROW = 8191  # more elements could overflow the sum, of which each is at most 2**19


def probability_scale(graph: Graph, op: Operator) -> str | None:
    """The output's scale must be 1/256 (to 0.1 %) and its zero point -128."""
    out = graph.result(op)
    if abs(f32(out.scale - 1 / 256)) <= f32(f32(0.001) / 256) and out.zero_point == -128:
        return None
    return f"{out.scale!r} and {out.zero_point}"


def row_length(graph: Graph, op: Operator) -> str | None:
    """The last dimension must have 8191 elements at most."""
    shape = graph.required(op, 0).shape
    if not shape:
        return "it has none"
    return None if shape[-1] <= LONGEST_ROW else f"{shape[-1]}"


def positive_beta(graph: Graph, op: Operator) -> str | None:
    """Beta times the input's scale must be more than 2**-26."""
    try:
        exponentials(graph, op)
    except ValueError as error:
        return str(error)
    return None


def exponentials(graph: Graph, op: Operator) -> tuple[npt.NDArray[np.int64], tuple[Rescale, ...]]:
    """``2**31 * exp(-i * beta * scale)`` for i = 0, 1, ... as long as it adds to a sum.

    Raises ValueError for a product at which the reference stops (QuantizeMultiplierGreaterThanOne).
    """
    x = graph.required(op, 0)
    assert isinstance(op.attributes, Softmax)
    real = op.attributes.beta * x.scale * 2 ** (31 - INTEGER_BITS)
    if real <= 1:
        raise ValueError(f"it is {real / 2**26:.6g}")
    if real >= 2**30:  # each step down makes the exponential vanish
        return np.array([2**31 - 1], np.int64), ()
    multiplier, shift = quantize_multiplier(real)
    radius = min(255, math.floor(31 * 2**26 / 2**shift))
    differences = -np.arange(radius + 1, dtype=np.int64)
    values = exp_on_negative_values(
        saturating_rounding_doubling_high_mul(differences << shift, multiplier), INTEGER_BITS
    )
    rescale = Rescale("difference to the largest input", (real,), (multiplier,), (shift,), ((-radius, 0),))
    return values[values >= SMALLEST], (rescale,)


def lower(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    x, out = graph.required(op, 0), graph.result(op)
    table, rescales = exponentials(graph, op)
    depth = x.shape[-1]
    name = f"{layer_name(op)}_exponentials"
    call = f"softmax({name}, {len(table)}, {{input}}, {depth}, {{output}});"
    return (
        Layer(
            operator=op,
            reads=(x.index,),
            writes=(out.index,),
            body=per_row(call, x.elements // depth, depth, depth),
            kernels=("softmax.c",),
            constants=(Constant("exponentials", DType.INT32, table, "2^31 exp(-i) in the input's scale"),),
            elementwise=((x.index, out.index),),
            rescales=rescales,
        ),
    )


OPERATORS = (
    Support(
        "SOFTMAX",
        (
            types("int8 > int8"),
            quantized_per_tensor,
            same_shape,
            probability_scale,
            row_length,
            positive_beta,
        ),
        lower,
        "Where the exponentials of a row add up to 512 or more (the reference stops there) all results are the lowest.",
    ),
)
