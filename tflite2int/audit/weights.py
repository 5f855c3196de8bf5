"""Convolutions and fully connected operators in any integer types: rescale, accumulator, what each channel can give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..bounds import INT32
from ..errors import Tflite2IntError
from ..fixedpoint import f32, multiply_by_quantized_multiplier, multiply_by_reduced_multiplier, quantize_multiplier
from ..graph import DType, Graph, Operator, Quantization, Tensor
from ..ops.support import QUANTIZED, Constraint, quantized_per_tensor_activations
from ..ops.weighted import (
    Weighted,
    bias_length,
    constant_weights,
    dense_weights,
    output_channels,
    scales_per_output_channel,
    weigh,
)
from ..program import Rescale
from .facts import Interval, WeightFacts

# Input positions of data, weights and bias.
POSITIONS = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
_WEIGHT_TYPES = (DType.INT4, DType.INT8, DType.UINT8, DType.INT16)


def in_order(op: Operator) -> Operator:
    """The operator of the file with its inputs in the order data, weights, bias; not to be applied twice."""
    return replace(op, inputs=tuple(op.inputs[p] if p < len(op.inputs) else -1 for p in POSITIONS[op.kind]))


def integer_types(graph: Graph, op: Operator) -> str | None:
    """Data, weights and bias must be integers, with weights of the rank that the operator has."""
    x, weights, bias, out = graph.required(op, 0), graph.required(op, 1), graph.operand(op, 2), graph.result(op)
    rank = 2 if op.kind == "FULLY_CONNECTED" else 4
    fine = (
        x.dtype in QUANTIZED
        and out.dtype in QUANTIZED
        and weights.dtype in _WEIGHT_TYPES
        and len(weights.shape) == rank
        and weights.elements > 0
        and (bias is None or bias.dtype in (DType.INT32, DType.INT64))
    )
    return None if fine else ""


_NEEDED: tuple[Constraint, ...] = (
    integer_types,
    constant_weights,
    dense_weights,
    quantized_per_tensor_activations,
    bias_length,
    scales_per_output_channel,
)


def weights_of(graph: Graph, op: Operator) -> Weighted | None:
    """``ops.weighted.weigh`` for asymmetric weights and for TRANSPOSE_CONV too; None where no rescale can be formed."""
    if op.kind not in POSITIONS:
        return None
    op = in_order(op)
    try:
        if any(constraint(graph, op) is not None for constraint in _NEEDED):
            return None
        weighted = weigh(_symmetric(graph, op), op)
    except (Tflite2IntError, ValueError):
        return None
    if graph.required(op, 0).dtype is DType.UINT8:
        return replace(weighted, rescale=_uint8_rescale(graph, op, weighted.rescale))
    return weighted


def _symmetric(graph: Graph, op: Operator) -> Graph:
    """The graph with zero points subtracted from the operator's weights."""
    weights = graph.required(op, 1)
    quantization = weights.quantization
    if quantization is None or not any(quantization.zero_points):
        return graph
    shape = [1] * len(weights.shape)
    shape[quantization.axis] = len(quantization.zero_points)
    centred = weights.value().astype(np.int64) - np.array(quantization.zero_points).reshape(shape)
    plain = Quantization(quantization.scales, (0,) * len(quantization.scales), quantization.axis)
    tensors = list(graph.tensors)
    tensors[weights.index] = replace(weights, data=centred, quantization=plain)
    return replace(graph, tensors=tuple(tensors))


def _uint8_rescale(graph: Graph, op: Operator, rescale: Rescale) -> Rescale:
    """Kernels for uint8 round the product of input and weight scale to float32.

    Source: the overload of GetQuantizedConvolutionMultipler without a bias, in kernels/kernel_util.cc.
    """
    x, weights, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    reals = tuple(f32(x.scale * weights.scale) / out.scale for _ in rescale.real)
    pairs = [quantize_multiplier(real) for real in reals]
    return replace(rescale, real=reals, multiplier=tuple(m for m, _ in pairs), shift=tuple(s for _, s in pairs))


def accumulator_width(graph: Graph, op: Operator) -> int:
    """32, or 64 with 16-bit activations unless the bias has 32 bits (kernels/conv.cc, kernels/fully_connected.cc)."""
    op = in_order(op)
    bias = graph.operand(op, 2)
    label = bias.dtype.label if bias else getattr(op.attributes, "quantized_bias_type", "")
    return 64 if graph.required(op, 0).dtype is DType.INT16 and label != DType.INT32.label else 32


def weight_facts(graph: Graph, op: Operator, weighted: Weighted, clamp: Interval) -> WeightFacts:
    """What the weights alone prove. ``clamp``: the quantized activation, or the output type's limits."""
    width, op = accumulator_width(graph, op), in_order(op)
    weights, bias, out = graph.required(op, 1), graph.operand(op, 2), graph.result(op)
    scales = weights.quantization.scales if weights.quantization else (1.0,)
    free = _unclamped(weighted.rescale, width, out.zero_point)
    outputs = [(min(max(low, clamp[0]), clamp[1]), min(max(high, clamp[0]), clamp[1])) for low, high in free]
    return WeightFacts(
        tensor=weights.index,
        channels=output_channels(op, weights),
        taps=weighted.matrix.shape[1],
        zeros=int((weighted.matrix == 0).sum()),
        peak=tuple(np.abs(weighted.matrix).max(axis=1).tolist()),
        peak_limit=_peak_limit(weights),
        scale_spread=max(scales) / min(scales),
        bias_peak=0 if bias is None else max(abs(int(bias.value().min())), abs(int(bias.value().max()))),
        outputs=tuple(outputs),
        dead=tuple(c for c, (low, high) in enumerate(outputs) if low == high),
        always_lowest=tuple(c for c, (_, high) in enumerate(free) if high <= clamp[0]),
        always_highest=tuple(c for c, (low, _) in enumerate(free) if low >= clamp[1]),
    )


def _peak_limit(weights: Tensor) -> int:
    """Largest magnitude that symmetric weights hold: the converter leaves the lowest value out."""
    low, high = (-8, 7) if weights.dtype is DType.INT4 else weights.dtype.limits
    return high if low else max(weights.zero_point, high - weights.zero_point)


def _unclamped(rescale: Rescale, width: int, zero_point: int) -> Sequence[Interval]:
    """Proved interval of each channel's output before the clamp; none where the accumulator or the rescale overflows.

    Rescaling never decreases, so the ends of the accumulator's interval give those of the output's.
    """
    low, high = (np.array([interval[k] for interval in rescale.accumulator], dtype=object) for k in (0, 1))
    left = [max(s, 0) for s in rescale.shift]
    if width == 64:
        if not all(-(2**47) <= v < 2**47 for v in (*low, *high)) or max(rescale.shift) >= 8:
            return ()
        ends = [multiply_by_reduced_multiplier(end, rescale.multiplier, rescale.shift) for end in (low, high)]
    else:
        if not all(INT32[0] <= v << s <= INT32[1] for end in (low, high) for v, s in zip(end, left, strict=True)):
            return ()
        ends = [multiply_by_quantized_multiplier(end, rescale.multiplier, rescale.shift) for end in (low, high)]
    return [(int(a) + zero_point, int(b) + zero_point) for a, b in zip(*ends, strict=True)]
