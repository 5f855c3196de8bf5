"""RELU*, LEAKY_RELU, QUANTIZE: one rescale of each element, or one for either sign.

Sources: kernels/activations.cc, internal/reference/leaky_relu.h, kernels/quantize.cc, internal/reference/requantize.h.
8-bit elements take their results from a table, others compute them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..attributes import LeakyRelu
from ..bounds import INT32, rescale_fits
from ..fixedpoint import activation_range, f32, multiply_by_quantized_multiplier, quantize_multiplier
from ..graph import DType, Graph, Operator, Tensor
from ..program import Layer, Rescale, View
from .lookup import domain, same_shape, table_layer
from .support import Constraint, Lowered, Support, error_of, quantized_per_tensor, types, zero_point_of_int16
from .text import loop, plus

Int64Array = npt.NDArray[np.int64]
ONE = (1 << 30, 1)  # multiplier and shift that change nothing


@dataclass(frozen=True)
class Rescaling:
    """``clamp(x * slope + zero_point)``, x less its own zero point, with slopes for x >= 0 and x < 0."""

    positive: Rescale
    negative: Rescale
    zero_point: int
    clamp: tuple[int, int]

    def unclamped(self, x: Int64Array) -> Int64Array:
        values = [
            multiply_by_quantized_multiplier(part(x, 0), slope.multiplier[0], slope.shift[0])
            for part, slope in ((np.maximum, self.positive), (np.minimum, self.negative))
        ]
        return np.where(x >= 0, *values) + self.zero_point

    @property
    def rescales(self) -> tuple[Rescale, ...]:
        return (self.positive,) if self.positive is self.negative else (self.positive, self.negative)


def _slope(name: str, real: float, low: int, high: int, zero_point: int) -> Rescale:
    """Raises ValueError where 32 bits do not hold a value of [low, high] scaled by ``real``."""
    multiplier, shift = quantize_multiplier(abs(real))
    # A multiplier below 1 makes smaller what fits already, the lowest int32 among it.
    shrinks = shift <= 0 and (max(-low, high) * multiplier >> (31 - shift)) + 1 + abs(zero_point) <= INT32[1]
    if not shrinks and not rescale_fits(((low, high),), (shift,), zero_point):
        raise ValueError(f"a rescale by {real:.6g} overflows 32 bits")
    return Rescale(name, (real,), (multiplier * (-1 if real < 0 else 1),), (shift,), ((low, high),))


def _ends(x: Tensor) -> tuple[int, int]:
    low, high = x.dtype.limits
    return low - x.zero_point, high - x.zero_point


def relu(graph: Graph, op: Operator) -> Rescaling:
    x, out = graph.required(op, 0), graph.result(op)
    slope = _slope("output", f32(x.scale / out.scale), *_ends(x), out.zero_point)
    return Rescaling(slope, slope, out.zero_point, activation_range(op.kind, out.scale, out.zero_point, out.dtype))


def leaky_relu(graph: Graph, op: Operator) -> Rescaling:
    """Both multipliers are formed in float32: LeakyReluPrepare."""
    x, out = graph.required(op, 0), graph.result(op)
    assert isinstance(op.attributes, LeakyRelu)
    low, high = _ends(x)
    real = f32(f32(x.scale * f32(op.attributes.alpha)) / out.scale)
    positive = _slope("positive", f32(x.scale / out.scale), 0, max(high, 0), out.zero_point)
    negative = _slope("negative", real, min(low, 0), 0, out.zero_point)
    return Rescaling(positive, negative, out.zero_point, out.dtype.limits)


def quantize(graph: Graph, op: Operator) -> Rescaling:
    x, out = graph.required(op, 0), graph.result(op)
    slope = _slope("output", x.scale / out.scale, *_ends(x), out.zero_point)
    return Rescaling(slope, slope, out.zero_point, out.dtype.limits)


def zero_point_of_int32(graph: Graph, op: Operator) -> str | None:
    """32-bit inputs and outputs must have a scale, and the zero point 0."""
    for tensor in (graph.required(op, 0), graph.result(op)):
        if tensor.dtype is DType.INT32 and (tensor.quantization is None or tensor.zero_point):
            return f"{tensor}"
    return None


def zero_point_of_int16_alone(graph: Graph, op: Operator) -> str | None:
    """From 16 to 16 bits both zero points must be 0."""
    both = graph.required(op, 0).dtype is graph.result(op).dtype is DType.INT16
    return zero_point_of_int16(graph, op) if both else None


def lower(form: Rescaling, graph: Graph, op: Operator) -> Lowered:
    x, out = graph.required(op, 0), graph.result(op)
    if x.dtype.size == 1:
        return table_layer(op, x, out, np.clip(form.unclamped(domain(x)), *form.clamp), form.rescales)
    # Results rise or fall with the input on either side of 0: the ends tell whether there is something to clamp.
    low, high = _ends(x)
    values = form.unclamped(np.array([low, min(0, high), max(0, low), high], np.int64))
    clamped = bool(values.min() < form.clamp[0] or values.max() > form.clamp[1])
    slopes = {(r.multiplier[0], r.shift[0]) for r in form.rescales}
    if slopes == {ONE} and not clamped and x.dtype is out.dtype and x.zero_point == out.zero_point:
        return View(x.index, out.index)
    body = (f"output[i] = ({out.dtype.c}){_clamped(form, clamped, _scaled(form, x))};",)
    kernels = (("clamp.h",) if clamped else ()) + (() if slopes == {ONE} else ("rescale.h",))
    return (
        Layer(
            operator=op,
            reads=(x.index,),
            writes=(out.index,),
            body=loop("i", out.elements, body),
            kernels=kernels,
            elementwise=((x.index, out.index),),
            rescales=form.rescales,
            clamp=form.clamp,
        ),
    )


def _scaled(form: Rescaling, x: Tensor) -> str:
    element = plus("(int32_t)input[i]" if x.zero_point and x.dtype is DType.INT16 else "input[i]", -x.zero_point)
    texts = []
    for slope in (form.positive, form.negative):
        multiplier, shift = slope.multiplier[0], slope.shift[0]
        texts.append(element if (multiplier, shift) == ONE else f"rescale({element}, {multiplier}, {shift})")
    if texts[0] == texts[1]:
        return texts[0]
    return f"input[i] < {x.zero_point} ? {texts[1]} : {texts[0]}"


def _clamped(form: Rescaling, clamped: bool, scaled: str) -> str:
    total = plus(f"({scaled})" if form.zero_point and "?" in scaled else scaled, form.zero_point)
    return f"clamp({total}, {form.clamp[0]}, {form.clamp[1]})" if clamped else f"({total})"


def _support(
    kind: str, rescaling: Callable[[Graph, Operator], Rescaling], element_types: Constraint, *constraints: Constraint
) -> Support:
    def rescales_fit(graph: Graph, op: Operator) -> str | None:
        """The ratio of the input's and the output's scale must be one that 32-bit arithmetic can hold."""
        return error_of(rescaling, graph, op)

    def lowering(graph: Graph, op: Operator) -> Lowered:
        return lower(rescaling(graph, op), graph, op)

    common = (element_types, quantized_per_tensor, same_shape, *constraints, rescales_fit)
    return Support(kind, common, lowering)


_BYTES = ("int8 > int8", "uint8 > uint8")
_SAME = types(*_BYTES, "int16 > int16")
_ANY = types(
    *_BYTES,
    "int8 > uint8",
    "uint8 > int8",
    "int16 > int8",
    "int16 > int16",
    "int16 > int32",
    "int32 > int8",
    "int32 > int16",
)

OPERATORS = (
    _support("RELU", relu, _SAME, zero_point_of_int16),
    _support("RELU6", relu, _SAME, zero_point_of_int16),
    _support("RELU_N1_TO_1", relu, types(*_BYTES)),
    _support("RELU_0_TO_1", relu, types(*_BYTES)),
    _support("LEAKY_RELU", leaky_relu, _SAME, zero_point_of_int16),
    _support("QUANTIZE", quantize, _ANY, zero_point_of_int16_alone, zero_point_of_int32),
)
