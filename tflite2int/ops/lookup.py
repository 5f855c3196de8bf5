"""Operators on single 8-bit elements: 256 results, computed here, looked up there.

LOGISTIC, TANH, RELU*, LEAKY_RELU: kernels/activations.cc; QUANTIZE: kernels/quantize.cc and
internal/reference/requantize.h. ADD, SUB and MUL by a scalar constant share ``table_layer``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from ..attributes import LeakyRelu
from ..bounds import rescale_fits
from ..fixedpoint import (
    f32,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_value,
    round_half_away,
)
from ..graph import Graph, Operator, Tensor
from ..libm import expf, tanhf
from ..program import Constant, Layer, Rescale, View, layer_name
from .support import Constraint, Lowered, Support, quantized_per_tensor, types
from .text import loop

Int64Array = npt.NDArray[np.int64]
Results = tuple[Int64Array, tuple[Rescale, ...]]
"""The results for all values of the input's type, lowest first, and the rescales that they take."""

Function = Callable[[Graph, Operator], Results]
"""Raises ValueError where 32-bit arithmetic does not hold it."""


def same_shape(graph: Graph, op: Operator) -> str | None:
    """Input and output must have the same shape."""
    x, out = graph.required(op, 0), graph.result(op)
    return None if x.shape == out.shape else f"{list(x.shape)} and {list(out.shape)}"


def probability_scale(graph: Graph, op: Operator) -> str | None:
    """The output's scale must be 1/256."""
    out = graph.result(op)
    return None if out.scale == 1 / 256 else f"{out.scale!r}"


def domain(x: Tensor) -> Int64Array:
    """All values of an 8-bit tensor, less its zero point."""
    low, high = x.dtype.limits
    return np.arange(low, high + 1, dtype=np.int64) - x.zero_point


def rescaled(name: str, values: Int64Array, real: float, zero_point: int) -> tuple[Int64Array, Rescale]:
    """``values * real + zero_point`` by gemmlowp's rules. Raises ValueError where 32 bits do not hold it."""
    multiplier, shift = quantize_multiplier(abs(real))
    interval = ((int(values.min()), int(values.max())),)
    if not rescale_fits(interval, (shift,), zero_point):
        raise ValueError(f"a rescale by {real:.6g} overflows 32 bits")
    multiplier *= -1 if real < 0 else 1
    results = multiply_by_quantized_multiplier(values, multiplier, shift) + zero_point
    return results, Rescale(name, (real,), (multiplier,), (shift,), interval)


def saturated(values: Int64Array, out: Tensor) -> Int64Array:
    return np.clip(values, *out.dtype.limits)


def table_layer(op: Operator, x: Tensor, out: Tensor, table: Int64Array, rescales: Sequence[Rescale] = ()) -> Lowered:
    """``output[i] = table[input[i]]``; nothing at all where that changes no byte."""
    low = x.dtype.limits[0]
    if x.dtype is out.dtype and np.array_equal(table, np.arange(low, low + 256)):
        return View(x.index, out.index)
    index = f"input[i] + {-low}" if low else "input[i]"
    comment = f"results for inputs {low} to {low + 255}"
    return (
        Layer(
            operator=op,
            reads=(x.index,),
            writes=(out.index,),
            body=loop("i", out.elements, (f"output[i] = {layer_name(op)}_table[{index}];",)),
            constants=(Constant("table", out.dtype, table, comment),),
            elementwise=((x.index, out.index),),
            rescales=tuple(rescales),
        ),
    )


def _from_real(graph: Graph, op: Operator, function: Callable[[float], float]) -> Results:
    """A function of real numbers: LUTPopulate in internal/common.h, every step a float of C."""
    x, out = graph.required(op, 0), graph.result(op)
    inverse = f32(1 / out.scale)
    lowest, highest = out.dtype.limits
    reals = [function(f32(x.scale * v)) for v in domain(x).tolist()]
    results = [round_half_away(f32(r * inverse)) + out.zero_point for r in reals]
    return np.array([max(lowest, min(highest, r)) for r in results], np.int64), ()


def _sigmoid(x: float) -> float:
    return f32(1 / f32(1 + expf(-x)))


def logistic(graph: Graph, op: Operator) -> Results:
    return _from_real(graph, op, _sigmoid)


def tanh(graph: Graph, op: Operator) -> Results:
    return _from_real(graph, op, tanhf)


_BOUNDS: dict[str, tuple[float, float | None]] = {
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU_0_TO_1": (0.0, 1.0),
}


def relu(graph: Graph, op: Operator) -> Results:
    x, out = graph.required(op, 0), graph.result(op)
    results, rescale = rescaled("output", domain(x), f32(x.scale / out.scale), out.zero_point)
    lowest, highest = out.dtype.limits
    low, high = _BOUNDS[op.kind]
    lowest = max(lowest, quantize_value(low, out.scale, out.zero_point))
    if high is not None:
        highest = min(highest, quantize_value(high, out.scale, out.zero_point))
    return np.clip(results, lowest, highest), (rescale,)


def leaky_relu(graph: Graph, op: Operator) -> Results:
    """Both multipliers are formed in float32: LeakyReluPrepare; internal/reference/leaky_relu.h."""
    x, out = graph.required(op, 0), graph.result(op)
    assert isinstance(op.attributes, LeakyRelu)
    values = domain(x)
    slope = f32(f32(x.scale * f32(op.attributes.alpha)) / out.scale)
    positive, rescale = rescaled("positive", np.maximum(values, 0), f32(x.scale / out.scale), out.zero_point)
    negative, sloped = rescaled("negative", np.minimum(values, 0), slope, out.zero_point)
    return saturated(np.where(values >= 0, positive, negative), out), (rescale, sloped)


def quantize(graph: Graph, op: Operator) -> Results:
    x, out = graph.required(op, 0), graph.result(op)
    results, rescale = rescaled("output", domain(x), x.scale / out.scale, out.zero_point)
    return saturated(results, out), (rescale,)


def _support(kind: str, function: Function, element_types: Constraint, *constraints: Constraint) -> Support:
    def rescales_fit(graph: Graph, op: Operator) -> str | None:
        """The ratio of the input's and the output's scale must be one that 32-bit arithmetic can hold."""
        try:
            function(graph, op)
        except ValueError as error:
            return str(error)
        return None

    def lower(graph: Graph, op: Operator) -> Lowered:
        table, rescales = function(graph, op)
        return table_layer(op, graph.required(op, 0), graph.result(op), table, rescales)

    common = (element_types, quantized_per_tensor, same_shape, *constraints, rescales_fit)
    return Support(kind, common, lower)


_SAME = types("int8 > int8", "uint8 > uint8")
_ANY = types("int8 > int8", "int8 > uint8", "uint8 > int8", "uint8 > uint8")

OPERATORS = (
    _support("LOGISTIC", logistic, _SAME, probability_scale),
    _support("TANH", tanh, _SAME),
    *(_support(kind, relu, _SAME) for kind in _BOUNDS),
    _support("LEAKY_RELU", leaky_relu, _SAME),
    _support("QUANTIZE", quantize, _ANY),
)
