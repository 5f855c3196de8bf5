"""The facts of each tensor and operator: from the file, from the operators' own lowering, and from the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..attributes import Conv2D, DepthwiseConv2D, Pool2D
from ..diagnosis import obstacles_of
from ..errors import Tflite2IntError, printable
from ..fixedpoint import activation_range
from ..graph import DType, Graph, Operator, Tensor
from ..ops import supported
from ..ops.arithmetic import LEFT_SHIFT
from ..ops.softmax import INTEGER_BITS
from ..ops.support import QUANTIZED, obstacles
from ..ops.window import window
from ..program import Layer, Rescale, View
from .facts import Interval, OperatorFacts, RescaleFacts, Role, Status, TensorFacts, WeightFacts
from .weights import POSITIONS, accumulator_width, weight_facts, weights_of

_ACTIVATIONS = ("RELU", "RELU6", "RELU_N1_TO_1")  # operators of their own that clamp as fused ones do
_NAME = 1000  # characters: a longer one serves nobody
_ONE_DATA_INPUT = {kind: positions[0] for kind, positions in POSITIONS.items()} | {
    "SVDF": 0,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 0,
    "PADV2": 0,
}


def tensor_facts(graph: Graph) -> tuple[TensorFacts, ...]:
    """Facts of every tensor of the file."""
    used = set(graph.inputs).union(graph.outputs, *((*op.inputs, *op.outputs) for op in graph.operators))
    return tuple(_tensor(graph, tensor, tensor.index in used) for tensor in graph.tensors)


def _tensor(graph: Graph, tensor: Tensor, used: bool) -> TensorFacts:
    quantization = tensor.quantization
    low, high = _real_range(tensor)
    return TensorFacts(
        index=tensor.index,
        name=printable(tensor.name, _NAME),
        dtype=tensor.dtype.label,
        shape=tensor.shape,
        role=_role(graph, tensor, used),
        bytes=tensor.bytes,
        scales=quantization.scales if quantization else (),
        zero_points=quantization.zero_points if quantization else (),
        axis=quantization.axis if quantization and quantization.per_channel else None,
        real_min=low,
        real_max=high,
    )


def _role(graph: Graph, tensor: Tensor, used: bool) -> Role:
    if tensor.constant:
        return "constant"
    if tensor.variable:
        return "variable"
    if tensor.index in graph.inputs:
        return "input"
    if tensor.index in graph.outputs:
        return "output"
    return "activation" if used else "unused"


def _real_range(tensor: Tensor) -> tuple[float | None, float | None]:
    """Lowest and highest real value: of a constant its own, else those that the type can hold at its scales."""
    quantization = tensor.quantization
    if not tensor.constant:
        if quantization is None or tensor.dtype not in QUANTIZED:
            return None, None
        pairs = list(zip(quantization.scales, quantization.zero_points, strict=True))
        low, high = tensor.dtype.limits
        return min((low - z) * s for s, z in pairs), max((high - z) * s for s, z in pairs)
    values = tensor.value()
    readable = bool(tensor.dtype.numpy_name or tensor.dtype is DType.INT4) and values.dtype.kind != "c"
    if tensor.sparse or not readable:
        return None, None
    real = values.astype(np.float64)
    if quantization:
        shape = [1] * values.ndim
        if quantization.per_channel:
            shape[quantization.axis] = -1
        real = (real - np.reshape(quantization.zero_points, shape)) * np.reshape(quantization.scales, shape)
    real = real[np.isfinite(real)]
    return (float(real.min()), float(real.max())) if real.size else (None, None)


def operator_facts(graph: Graph, simplified: Graph, converted: Graph) -> tuple[OperatorFacts, ...]:
    """Facts of every operator of the file.

    ``simplified`` is what the passes make of ``graph``: it tells which operators remain, and which of those are
    refused. ``converted`` is that without the channels that are removed, from which the C code is made.
    """
    refused = _refused(simplified)
    remaining = {op.index: op for op in converted.operators}
    found = []
    for op in graph.operators:
        lowered, left = _lower(graph, op), remaining.get(op.index)
        facts = _operator(graph, op, lowered, refused.get(op.index, ()), left is not None)
        if left is not None:
            layers = lowered[0] if _same(graph, op, converted, left) else _lower(converted, left)[0]
            facts = _in_code(graph, converted, left, layers, facts)
        found.append(facts)
    return tuple(found)


def _same(graph: Graph, op: Operator, other: Graph, left: Operator) -> bool:
    """Whether no pass has changed the operator or one of its tensors."""
    return op == left and all(graph.tensor(i) is other.tensor(i) for i in (*op.inputs, *op.outputs) if i >= 0)


def _in_code(
    graph: Graph, converted: Graph, op: Operator, layers: Sequence[Layer], facts: OperatorFacts
) -> OperatorFacts:
    """The facts with what only the C code has, which is ``layers``: linear forms, and channels left out."""
    kept = converted.tensor(op.outputs[0]).kept if op.outputs else None
    whole = graph.tensor(op.outputs[0]).shape[-1] if kept is not None else 0
    rescales = [r for layer in layers for r in layer.rescales]
    if len(rescales) != len(facts.rescales):
        return facts
    linear = (replace(r, linear=code.linear) for r, code in zip(facts.rescales, rescales, strict=True))
    removed = tuple(c for c in range(whole) if c not in (kept or ()))
    return replace(facts, rescales=tuple(linear), removed=removed)


def refusals(graph: Graph) -> tuple[tuple[Tflite2IntError, ...], str]:
    """Why a simplified graph would not be converted, and the remedy."""
    try:
        found, remedy = obstacles_of(graph)
    except Tflite2IntError as error:  # an operator that lacks an input, say
        return (error,), error.remedy
    return tuple(found), remedy


def _refused(graph: Graph) -> Mapping[int, Sequence[str]]:
    """Operator number to the reasons why it cannot be computed."""
    alone = {op.index: refusals(replace(graph, operators=(op,), inputs=(), outputs=()))[0] for op in graph.operators}
    return {index: [error.what for error in errors] for index, errors in alone.items() if errors}


def _operator(
    graph: Graph, op: Operator, lowered: tuple[Sequence[Layer], bool], refused: Sequence[str], remains: bool
) -> OperatorFacts:
    layers, view = lowered
    weighted = weights_of(graph, op)
    out = graph.tensor(op.outputs[0]) if op.outputs else None
    activation = op.kind if op.kind in _ACTIVATIONS else str(getattr(op.attributes, "activation", ""))
    clamp = next((layer.clamp for layer in layers if layer.clamp), None) or _clamp(out, activation)
    rescales = [r for layer in layers for r in layer.rescales]
    if not rescales and weighted:
        rescales = [weighted.rescale]
    weights = weight_facts(graph, op, weighted, clamp or _limits(out)) if weighted and out else None
    status: Status = "refused" if refused else "computed" if remains else "removed"
    scale = out.quantization if out and out.dtype in QUANTIZED else None
    return OperatorFacts(
        index=op.index,
        kind=printable(op.kind),
        inputs=op.inputs,
        outputs=op.outputs,
        status="view" if view and status == "computed" else status,
        obstacles=tuple(refused),
        activation=activation,
        input_offset=_input_offsets(graph, op),
        filter_offset=_filter_offset(graph, op) if weights else None,
        output_offset=scale.zero_point if scale and not scale.per_channel else None,
        act_min=clamp[0] if clamp else None,
        act_max=clamp[1] if clamp else None,
        act_min_real=(clamp[0] - scale.zero_point) * scale.scale if clamp and scale else None,
        act_max_real=(clamp[1] - scale.zero_point) * scale.scale if clamp and scale else None,
        rescales=tuple(_rescale(r, accumulator_width(graph, op) if weighted else 32) for r in rescales),
        weights=weights,
        macs=sum(layer.macs for layer in layers) or _macs(graph, op, weights),
        parameters=_parameters(graph, op, out, rescales),
    )


def _lower(graph: Graph, op: Operator) -> tuple[Sequence[Layer], bool]:
    """The operator's layers, none where it cannot be lowered as it stands in the file; and whether it only renames."""
    support = supported().get(op.kind)
    try:
        if support is None or obstacles(support, graph, op):
            return (), False
        lowered = support.lower(graph, op)
    except Tflite2IntError:
        return (), False
    return ((), True) if isinstance(lowered, View) else (lowered, False)


def _clamp(out: Tensor | None, activation: str) -> Interval | None:
    """The clamp of a fused activation where the lowering tells none."""
    if not activation or out is None or out.dtype not in QUANTIZED or out.quantization is None:
        return None
    try:
        return activation_range(activation, out.scale, out.zero_point, out.dtype)
    except ValueError:  # an activation without a quantized form
        return None


def _limits(out: Tensor | None) -> Interval:
    return out.dtype.limits if out else (0, 0)


def _input_offsets(graph: Graph, op: Operator) -> tuple[int, ...]:
    only = _ONE_DATA_INPUT.get(op.kind)
    positions = range(len(op.inputs)) if only is None else [only]
    tensors = [graph.operand(op, position) for position in positions]
    return tuple(
        -t.zero_point
        for t in tensors
        if t and t.quantization and t.dtype in QUANTIZED and not t.quantization.per_channel
    )


def _filter_offset(graph: Graph, op: Operator) -> int:
    quantization = graph.required(op, POSITIONS[op.kind][1]).quantization
    return -quantization.zero_point if quantization else 0


def _rescale(rescale: Rescale, width: int) -> RescaleFacts:
    pairs = zip(rescale.real, rescale.multiplier, rescale.shift, strict=True)
    ends = [end for interval in rescale.accumulator for end in interval]
    return RescaleFacts(
        name=rescale.name,
        real=rescale.real,
        multiplier=rescale.multiplier,
        shift=rescale.shift,
        relative_error=tuple(abs((m * 2.0 ** (s - 31) - real) / real) if real else 0.0 for real, m, s in pairs),
        accumulator=rescale.accumulator,
        accumulator_bits=max(_bits(end) for end in ends) if ends else None,
        accumulator_width=width,
        linear=None,
    )


def _bits(value: int) -> int:
    """Bits of two's complement that hold the value."""
    return (value if value >= 0 else ~value).bit_length() + 1


def _macs(graph: Graph, op: Operator, weights: WeightFacts | None) -> int:
    """Multiply-accumulates of one inference: each output takes all weights of its channel, or of a transposed
    convolution each input goes into all outputs of a window."""
    if weights is None:
        return 0
    if op.kind != "TRANSPOSE_CONV":
        return graph.result(op).elements * weights.taps
    depth = graph.tensor(weights.tensor).shape[3]
    return graph.required(op, 2).elements // depth * weights.taps * weights.channels


def _parameters(graph: Graph, op: Operator, out: Tensor | None, rescales: Sequence[Rescale]) -> dict[str, int]:
    """What CMSIS-NN's structs want besides, by the names they have there."""
    found: dict[str, int] = {}
    if isinstance(op.attributes, Conv2D | Pool2D):
        try:
            geometry = window(graph, op)
        except (Tflite2IntError, ValueError):
            return found
        for name in ("stride", "padding", "dilation"):
            for axis in ("h", "w"):
                side = geometry.height if axis == "h" else geometry.width
                value = {"stride": side.stride, "padding": side.before, "dilation": side.dilation}[name]
                if name != "dilation" or isinstance(op.attributes, Conv2D):
                    found[f"{name}_{axis}"] = value
    if isinstance(op.attributes, DepthwiseConv2D):
        found["ch_mult"] = op.attributes.depth_multiplier
    if op.kind in ("ADD", "SUB") and out and out.dtype in QUANTIZED:
        found["left_shift"] = LEFT_SHIFT[DType.INT16 if out.dtype is DType.INT16 else DType.INT8]
    if (
        op.kind == "SOFTMAX" and rescales and out and out.dtype is DType.INT8
    ):  # CalculateInputRadius, quantization_util.cc
        found["diff_min"] = -((((1 << INTEGER_BITS) - 1) << (31 - INTEGER_BITS)) >> rescales[0].shift[0])
    return found
