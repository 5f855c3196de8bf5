"""SOFTMAX: SoftmaxPrepare in kernels/activations.cc and internal/reference/softmax.h."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..attributes import Softmax
from ..bounds import rescale_fits
from ..fixedpoint import (
    exp_on_negative_values,
    f32,
    quantize_multiplier,
    saturating_rounding_doubling_high_mul,
)
from ..graph import DType, Graph, Operator
from ..program import Constant, Layer, Rescale, layer_name
from ..tables import softmax_exponentials, softmax_reciprocals
from .lookup import same_shape
from .support import Support, error_of, quantized_per_tensor, types, zero_point_of_int16
from .text import per_row

INTEGER_BITS = 5  # of what exp is taken of
SMALLEST = 1 << 11  # an exponential below it rounds to 0 in the sum, and so does its probability
LONGEST_ROW = {DType.INT8: 8191, DType.INT16: 65535}  # more could overflow the sum, in parts of 2**19 and 2**15
EXPONENT_STEP = 10 / 65535  # in the real value of which exp is taken, with 16 bits


def probability_scale(graph: Graph, op: Operator) -> str | None:
    """The output's scale must be 1/256 (to 0.1 %) and its zero point -128; with 16 bits, 1/32768 and 0."""
    out = graph.result(op)
    steps, zero_point = (32768, 0) if out.dtype is DType.INT16 else (256, -128)
    if abs(f32(out.scale - 1 / steps)) <= f32(f32(0.001) / steps) and out.zero_point == zero_point:
        return None
    return f"{out.scale!r} and {out.zero_point}"


def row_length(graph: Graph, op: Operator) -> str | None:
    """The last dimension must have 8191 elements at most; with 16 bits 65535, in four dimensions at most."""
    x = graph.required(op, 0)
    if not x.shape or (x.dtype is DType.INT16 and len(x.shape) > 4):
        return f"{len(x.shape)} dimensions"
    return None if x.shape[-1] <= LONGEST_ROW[x.dtype] else f"{x.shape[-1]}"


def positive_beta(graph: Graph, op: Operator) -> str | None:
    """Beta times the input's scale must be more than 2**-26; with 16 bits not negative, and below 5."""
    return error_of(exponent_steps if graph.required(op, 0).dtype is DType.INT16 else exponentials, graph, op)


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


def exponent_steps(graph: Graph, op: Operator) -> Rescale:
    """The rescale of a 16-bit input's distance to the largest. Raises ValueError where 32 bits do not hold it."""
    x = graph.required(op, 0)
    assert isinstance(op.attributes, Softmax)
    real = x.scale * op.attributes.beta / EXPONENT_STEP
    multiplier, shift = quantize_multiplier(real)
    rescale = Rescale("difference to the largest input", (real,), (multiplier,), (shift,), ((-65535, 0),))
    if not rescale_fits(rescale.accumulator, rescale.shift, 32767):
        raise ValueError(f"it is {real * EXPONENT_STEP:.6g}")
    return rescale


def lower(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    x, out, name = graph.required(op, 0), graph.result(op), layer_name(op)
    depth = x.shape[-1]
    constants: tuple[Constant, ...]
    rescales: tuple[Rescale, ...]
    if x.dtype is DType.INT16:
        kernel, steps = "softmax_int16", exponent_steps(graph, op)
        constants = (
            Constant("exponentials", DType.INT16, softmax_exponentials(), "2^15 exp(x), x from -10 to 0"),
            Constant("reciprocals", DType.INT16, softmax_reciprocals(), "2^15 / (1 + x), x from 0 to 1"),
        )
        numbers, rescales = f"{name}_reciprocals, {steps.multiplier[0]}, {steps.shift[0]}", (steps,)
    else:
        table, rescales = exponentials(graph, op)
        kernel, numbers = "softmax", f"{len(table)}"
        constants = (Constant("exponentials", DType.INT32, table, "2^31 exp(-i) in the input's scale"),)
    call = f"{kernel}({name}_exponentials, {numbers}, {{input}}, {depth}, {{output}});"
    return (
        Layer(
            operator=op,
            reads=(x.index,),
            writes=(out.index,),
            body=per_row(call, x.elements // depth, depth, depth),
            kernels=(f"{kernel}.c",),
            constants=constants,
            elementwise=((x.index, out.index),),
            rescales=rescales,
        ),
    )


OPERATORS = (
    Support(
        "SOFTMAX",
        (
            types("int8 > int8", "int16 > int16"),
            quantized_per_tensor,
            zero_point_of_int16,
            same_shape,
            probability_scale,
            row_length,
            positive_beta,
        ),
        lower,
        "Where the exponentials of a row add up to 512 or more (the reference stops there) all results are the lowest.",
    ),
)
