"""What FULLY_CONNECTED, CONV_2D and DEPTHWISE_CONV_2D share: weights, folded bias, multipliers, accumulator proof."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..attributes import Conv2D, FullyConnected
from ..bounds import INT32, Intervals, reach, reduced_rescale_fits, rescale_fits, weighted_sum
from ..fixedpoint import (
    activation_range,
    f32,
    multiply_by_quantized_multiplier,
    multiply_by_reduced_multiplier,
    quantize_multiplier,
    reduced_multiplier,
)
from ..graph import DType, Graph, Operator, Tensor
from ..program import Constant, Rescale
from ..requantization import find_linear, target
from .support import quantized_per_tensor_activations, types, zero_point_of_int16

Int64Array = npt.NDArray[np.int64]

# Kernel variants. GEMMLOWP and BIAS32 compute as the reference does with 8-bit activations, or 16-bit ones and a 32-bit
# bias; LINEAR is what is equal to GEMMLOWP and cheaper, where that is found. With 16-bit activations and a 64-bit bias
# (or none) the reference reduces multipliers to 16 bits and rounds once: NARROW does so in 32-bit arithmetic, WIDE
# serves where that is not proved to hold. COUNTS give 16-bit counts of a physical unit.
LINEAR, GEMMLOWP, NARROW, WIDE, BIAS32 = "", "_gemmlowp", "_int16", "_int16_wide", "_int16_gemmlowp"
COUNTS = {DType.INT8: "_gemmlowp_counts", DType.INT16: BIAS32}

INT8_TYPES = ("int8 int8 int32 > int8", "int8 int8 - > int8")
WEIGHTED_TYPES = types(
    *INT8_TYPES,
    "int16 int8 int64 > int16",
    "int16 int8 int32 > int16",
    "int16 int8 - > int16",
)


def constant_weights(graph: Graph, op: Operator) -> str | None:
    """Weights and bias must be constants of the file."""
    for position in (1, 2):
        tensor = graph.operand(op, position)
        if tensor is not None and not tensor.constant:
            return f"{tensor} is computed"
    return None


def dense_weights(graph: Graph, op: Operator) -> str | None:
    """Weights must not be stored in a sparse format."""
    weights = graph.required(op, 1)
    return f"{weights}" if weights.sparse else None


def symmetric_weights(graph: Graph, op: Operator) -> str | None:
    """Weights must be symmetric: their zero points are all 0."""
    weights = graph.required(op, 1)
    if weights.quantization is None:
        return f"{weights} has no scale"
    return f"{weights}" if any(weights.quantization.zero_points) else None


def bias_length(graph: Graph, op: Operator) -> str | None:
    """The bias must hold one value for each output channel."""
    bias, weights = graph.operand(op, 2), graph.required(op, 1)
    channels = output_channels(op, weights)
    return None if bias is None or bias.elements == channels else f"{bias} has {bias.elements}, not {channels}"


def scales_per_output_channel(graph: Graph, op: Operator) -> str | None:
    """Weights must have one scale, or one for each output channel."""
    weights = graph.required(op, 1)
    quantization = weights.quantization
    if quantization is None:
        return f"{weights} has no scale"
    axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
    if quantization.per_channel and (quantization.axis, len(quantization.scales)) != (
        axis,
        output_channels(op, weights),
    ):
        return f"{weights} has {len(quantization.scales)} along dimension {quantization.axis}"
    return None


def bias_type(graph: Graph, op: Operator) -> str | None:
    """With 16-bit activations, a quantized_bias_type must be the type of the bias."""
    x, bias, named = graph.required(op, 0), graph.operand(op, 2), _quantized_bias_type(op)
    if x.dtype is not DType.INT16 or bias is None or named in ("", bias.dtype.label):
        return None
    return f"{bias} is {bias.dtype.label}, not {named}"


def accumulator_fits(graph: Graph, op: Operator) -> str | None:
    """The accumulator must provably fit in 32 bits for every input, or in 48 with 16-bit activations."""
    try:
        weighted = weigh(graph, op)
    except ValueError as error:
        return str(error)
    if weighted.variant == WIDE:
        pairs = zip(weighted.rescale.multiplier, weighted.rescale.shift, strict=True)
        fits = all(
            reduced_rescale_fits(largest, int(reduced_multiplier(multiplier)), shift)
            for largest, (multiplier, shift) in zip(weighted.reach, pairs, strict=True)
        )
        return None if fits else "it or its rescaled value may overflow"
    if max(weighted.reach) > INT32[1]:
        return "it may overflow: the weights or the bias are too large"
    if weighted.variant != NARROW and not rescale_fits(
        weighted.intervals, weighted.rescale.shift, graph.result(op).zero_point
    ):
        return "its rescaled value may overflow: a weight scale is too large for the output scale"
    return None


def _quantized_bias_type(op: Operator) -> str:
    return op.attributes.quantized_bias_type if isinstance(op.attributes, FullyConnected | Conv2D) else ""


def output_channels(op: Operator, weights: Tensor) -> int:
    return weights.shape[3] if op.kind == "DEPTHWISE_CONV_2D" else weights.shape[0]


@dataclass(frozen=True)
class Weighted:
    """Weights as (channels, taps), the bias with the input's zero point folded in, and the requantization.

    ``reach``: what the accumulator does not exceed in magnitude while it is summed, channel by channel.
    ``variant``: the suffix of the kernel that computes it. ``suffix`` is set for a second layer of the operator, which
    shares weights and bias with the first.
    """

    matrix: Int64Array
    bias: Int64Array
    rescale: Rescale
    clamp: tuple[int, int]
    reach: tuple[int, ...]
    variant: str
    suffix: str = ""

    @property
    def intervals(self) -> Intervals:
        return self.rescale.accumulator

    def results(self, accumulators: Int64Array, zero_point: int) -> Int64Array:
        """What the reference makes of one accumulator a channel."""
        rescale = multiply_by_reduced_multiplier if self.variant in (NARROW, WIDE) else multiply_by_quantized_multiplier
        multiplier, shift = (np.array(v, np.int64) for v in (self.rescale.multiplier, self.rescale.shift))
        return np.asarray(np.clip(rescale(accumulators, multiplier, shift) + zero_point, *self.clamp), np.int64)

    def constants(self, *shared: Constant) -> tuple[Constant, ...]:
        """The tables of a layer: ``shared`` are those of its first form that a second one uses, too."""
        tables = self._linear_constants() if self.rescale.linear else self._rescale_constants()
        return tables if self.suffix else (*shared, *tables)

    def _linear_constants(self) -> tuple[Constant, ...]:
        assert self.rescale.linear
        multiplier, offset, below = (np.array(v, np.int64) for v in self.rescale.linear.tables)
        tables = (
            Constant("multiplier", DType.INT32, multiplier),
            Constant("below", DType.UINT16, below),
            Constant("offset", DType.INT32, offset, "bias, zero points, rounding"),
        )
        return tuple(table for table in tables if table.values.size)

    def _rescale_constants(self) -> tuple[Constant, ...]:
        """Bias, multiplier and shift; a single entry of the last two where all channels have the same."""
        count = len(self.rescale.multiplier) if multiplier_step(self.rescale) else 1
        multiplier = np.array(self.rescale.multiplier[:count], np.int64)
        shift = np.array(self.rescale.shift[:count], np.int64)
        if self.variant in (NARROW, WIDE):
            # rescale_reduced.h counts right shifts, from the 16 that it always makes. A multiplier of 0 needs none.
            shift = np.where(multiplier == 0, 1, -1 - shift)
            scale = Constant("multiplier", DType.INT16, reduced_multiplier(multiplier))
        else:
            scale = Constant("multiplier", DType.INT32, multiplier)
        width = DType.INT64 if self.variant == WIDE else DType.INT32
        note = "input zero point folded in" if self.variant == GEMMLOWP else ""
        return Constant("bias", width, self.bias, note), scale, Constant("shift", DType.INT8, shift)

    def requantization(self, name: str, zero_point: int) -> tuple[tuple[str, str], ...]:
        """The rows of a parameter struct that fill in its ``requantization``."""
        prefix, linear = f"{name}{self.suffix}_", self.rescale.linear
        lowest, highest = self.clamp
        limits = f"{lowest}, {highest}"
        if linear:
            step = int(len(linear.multiplier) > 1)
            below, middle = (f"{prefix}below", str(linear.middle)) if linear.below else ("0", "INT32_MIN")
            return (
                (f"{{ {prefix}multiplier, {below}, {prefix}offset", _step_note(step)),
                (f"{middle}, {step}, {linear.shift - 16}, {limits} }}", "middle, step, shift, lowest, highest"),
            )
        step = multiplier_step(self.rescale)
        # NARROW and WIDE are for 16 bits alone, whose zero point is 0.
        zero, zero_note = ("", "") if self.variant in (NARROW, WIDE) else (f" {zero_point},", " output zero point,")
        return (
            (f"{{ {prefix}bias, {prefix}multiplier, {prefix}shift", _step_note(step)),
            (f"{step},{zero} {limits} }}", f"step,{zero_note} lowest, highest"),
        )

    def dense(self, name: str, size: int, zero_point: int) -> tuple[tuple[str, str], ...]:
        """The rows that fill in ``dense_parameters``: outputs of ``size`` inputs each."""
        *rows, (last, note) = self.requantization(name, zero_point)
        return ((f"{{ {size}, {name}_weights", "inputs of each output, weights"), *rows, (f"{last} }}", note))


def _step_note(step: int) -> str:
    return "a multiplier for each channel" if step else "one multiplier"


def multiplier_step(rescale: Rescale) -> int:
    """1 where multipliers differ by channel, 0 where one serves all."""
    return 0 if len(set(zip(rescale.multiplier, rescale.shift, strict=True))) == 1 else 1


def weigh(graph: Graph, op: Operator) -> Weighted:
    """Fold and rescale. Raises ValueError where a multiplier cannot be formed.

    The real multiplier is ``input scale * weight scale / output scale`` in double; with per-tensor weights of
    FULLY_CONNECTED the product is rounded to float32 first (GetQuantizedConvolutionMultipler in kernel_util.cc).
    """
    x, weights, bias, out = graph.required(op, 0), graph.required(op, 1), graph.operand(op, 2), graph.result(op)
    values = weights.value().astype(np.int64)
    channels = output_channels(op, weights)
    matrix = values.reshape(-1, channels).T if op.kind == "DEPTHWISE_CONV_2D" else values.reshape(channels, -1)
    start = np.zeros(channels, np.int64) if bias is None else bias.value().astype(np.int64).reshape(-1)
    folded = start - x.zero_point * matrix.sum(axis=1)
    scales = weights.quantization.scales if weights.quantization else ()
    if op.kind == "FULLY_CONNECTED" and len(scales) == 1:
        reals = [f32(x.scale * scales[0]) / out.scale] * channels
    else:
        reals = [x.scale * s / out.scale for s in (scales * channels if len(scales) == 1 else scales)]
    pairs = [quantize_multiplier(r) for r in reals]
    low, high = x.dtype.limits
    rescale = Rescale(
        "output",
        tuple(reals),
        tuple(m for m, _ in pairs),
        tuple(s for _, s in pairs),
        weighted_sum(matrix, folded, low, high),
    )
    activation = op.attributes.activation if isinstance(op.attributes, FullyConnected | Conv2D) else "NONE"
    largest = reach(matrix, folded, max(-low, high))
    if x.dtype is DType.INT8:
        variant = GEMMLOWP
    elif (bias.dtype.label if bias else _quantized_bias_type(op)) == "int32":
        variant = BIAS32
    else:
        variant = NARROW if _rescaled_in_32_bits(largest, rescale) else WIDE
    clamp = activation_range(activation, out.scale, out.zero_point, out.dtype)
    return Weighted(matrix, folded, rescale, clamp, largest, variant)


def requantized(graph: Graph, op: Operator) -> Weighted:
    """``weigh``, with the cheapest form of the requantization that is proved to be equal."""
    weighted = weigh(graph, op)
    if weighted.variant != GEMMLOWP:
        return weighted
    linear = find_linear(target(weighted.rescale, weighted.bias, graph.result(op).zero_point, weighted.clamp))
    if linear is None:
        return weighted
    return replace(weighted, rescale=replace(weighted.rescale, linear=linear), variant=LINEAR)


def _rescaled_in_32_bits(largest: tuple[int, ...], rescale: Rescale) -> bool:
    """True where rescale_reduced.h serves every channel: for a shift above -2 it scales the accumulator up first."""
    scaled = [
        value << (max(0, shift + 2) if multiplier else 0)
        for value, multiplier, shift in zip(largest, rescale.multiplier, rescale.shift, strict=True)
    ]
    return max(scaled) <= INT32[1] and max(rescale.shift) < 8


WEIGHTED_CONSTRAINTS = (
    constant_weights,
    dense_weights,
    quantized_per_tensor_activations,
    zero_point_of_int16,
    symmetric_weights,
    bias_type,
    bias_length,
    scales_per_output_channel,
    accumulator_fits,
)
