"""What FULLY_CONNECTED, CONV_2D and DEPTHWISE_CONV_2D share: weights, folded bias, multipliers, accumulator proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..attributes import Conv2D, FullyConnected
from ..bounds import Intervals, partial_sums_fit, rescale_fits, weighted_sum
from ..fixedpoint import activation_range, f32, quantize_multiplier
from ..graph import DType, Graph, Operator, Tensor
from ..program import Constant, Rescale
from .support import quantized_per_tensor_activations

Int64Array = npt.NDArray[np.int64]


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


def fits_32_bits(graph: Graph, op: Operator) -> str | None:
    """The accumulator must provably fit in 32 bits for every input."""
    try:
        weighted = weigh(graph, op)
    except ValueError as error:
        return str(error)
    if not partial_sums_fit(weighted.matrix, weighted.bias, 128):
        return "it may overflow: the weights or the bias are too large"
    if not rescale_fits(weighted.intervals, weighted.rescale.shift, graph.result(op).zero_point):
        return "its rescaled value may overflow: a weight scale is too large for the output scale"
    return None


def output_channels(op: Operator, weights: Tensor) -> int:
    return weights.shape[3] if op.kind == "DEPTHWISE_CONV_2D" else weights.shape[0]


@dataclass(frozen=True)
class Weighted:
    """Weights as (channels, taps), the bias with the input's zero point folded in, and the requantization."""

    matrix: Int64Array
    bias: Int64Array
    rescale: Rescale
    clamp: tuple[int, int]

    @property
    def intervals(self) -> Intervals:
        return self.rescale.accumulator

    def constants(self, weights: Constant) -> tuple[Constant, ...]:
        return (
            weights,
            Constant("bias", DType.INT32, self.bias, "input zero point folded in"),
            *rescale_constants(self.rescale),
        )

    def requantization(self, name: str, zero_point: int) -> tuple[str, str]:
        """The row of a parameter struct that fills in its ``requantization``."""
        step = multiplier_step(self.rescale)
        lowest, highest = self.clamp
        note = "a multiplier for each channel" if step else "one multiplier"
        return (
            f"{{ {name}_multiplier, {name}_shift, {step}, {zero_point}, {lowest}, {highest} }}",
            f"{note}; output zero point, lowest, highest",
        )


def rescale_constants(rescale: Rescale) -> tuple[Constant, Constant]:
    """The multiplier and shift tables; a single entry where all channels have the same."""
    count = len(rescale.multiplier) if multiplier_step(rescale) else 1
    return (
        Constant("multiplier", DType.INT32, np.array(rescale.multiplier[:count], np.int64)),
        Constant("shift", DType.INT8, np.array(rescale.shift[:count], np.int64)),
    )


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
    return Weighted(matrix, folded, rescale, activation_range(activation, out.scale, out.zero_point, out.dtype))


WEIGHTED_CONSTRAINTS = (
    constant_weights,
    dense_weights,
    quantized_per_tensor_activations,
    symmetric_weights,
    bias_length,
    scales_per_output_channel,
    fits_32_bits,
)
