"""CONV_2D and DEPTHWISE_CONV_2D: internal/reference/integer_ops/conv.h and depthwise_conv.h."""

from __future__ import annotations

from ..graph import DType, Graph, Operator
from ..program import Constant, Layer, Parameters, layer_name
from .support import Support, types
from .weighted import INT8_TYPES, WEIGHTED_CONSTRAINTS, WEIGHTED_TYPES, Weighted, weigh
from .window import Window, row_loop, window, window_shapes

DEPTHWISE_TYPES = types(*INT8_TYPES, "int16 int8 int64 > int16", "int16 int8 - > int16")


def grouped_channels(graph: Graph, op: Operator) -> str | None:
    """Input channels must be a multiple of the kernel's depth, and output channels of the number of groups."""
    depth, channels = graph.required(op, 1).shape[3], graph.required(op, 0).shape[3]
    outputs = graph.required(op, 1).shape[0]
    if not depth or channels % depth or outputs % (channels // depth):
        return f"{channels} input channels, kernel depth {depth}, {outputs} output channels"
    return None


def depth_multiplier(graph: Graph, op: Operator) -> str | None:
    """Output channels must be a multiple of the input channels, and the weights of shape (1, h, w, outputs)."""
    shape, channels = graph.required(op, 1).shape, graph.required(op, 0).shape[3]
    if shape[0] != 1 or not channels or shape[3] % channels:
        return f"{channels} input channels, weights {shape}"
    return None


def lower_conv_2d(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    return (conv_2d(graph, op, weigh(graph, op)),)


def conv_2d(graph: Graph, op: Operator, weighted: Weighted) -> Layer:
    """The layer, its accumulators rescaled as ``weighted`` says."""
    x, weights, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    geometry, name = window(graph, op), layer_name(op)
    width, depth = geometry.width, weights.shape[3]
    groups = geometry.input_channels // depth
    run = width.kernel if width.dilation == 1 and groups == 1 else 1
    rows = (
        (f"{width.input}, {geometry.input_channels}", "input width, channels"),
        (f"{x.zero_point}", "input zero point"),
        (f"{geometry.height.kernel}, {width.kernel}, {depth}", "kernel height, width, channels"),
        (f"{run}", "taps in a run"),
        (f"{width.dilation}, {width.stride}, {width.before}", "horizontal dilation, stride, padding"),
        (f"{width.output}, {groups}, {geometry.output_channels // groups}", "output width, groups, outputs of a group"),
        (f"{name}_weights, {name}_bias", ""),
        weighted.requantization(name, out.zero_point),
    )
    table = Constant("weights", DType.INT8, weights.value())
    macs = out.elements * geometry.height.kernel * width.kernel * depth
    return _layer(graph, op, "conv_2d", geometry, weighted, rows, table, macs)


def lower_depthwise_conv_2d(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    x, weights, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    geometry, weighted, name = window(graph, op), weigh(graph, op), layer_name(op)
    width = geometry.width
    rows = (
        (f"{width.input}, {geometry.input_channels}", "input width, channels"),
        (f"{x.zero_point}", "input zero point"),
        (f"{geometry.height.kernel}, {width.kernel}", "kernel height, width"),
        (f"{width.dilation}, {width.stride}, {width.before}", "horizontal dilation, stride, padding"),
        (
            f"{width.output}, {geometry.output_channels // geometry.input_channels}",
            "output width, output channels for each input channel",
        ),
        (f"{name}_weights, {name}_bias", ""),
        weighted.requantization(name, out.zero_point),
    )
    # The taps of a channel side by side: the file has the channels innermost.
    table = Constant("weights", DType.INT8, weights.value()[0].transpose(2, 0, 1))
    macs = out.elements * geometry.height.kernel * width.kernel
    return (_layer(graph, op, "depthwise_conv_2d", geometry, weighted, rows, table, macs),)


def _layer(
    graph: Graph,
    op: Operator,
    kernel: str,
    geometry: Window,
    weighted: Weighted,
    rows: tuple[tuple[str, str], ...],
    weights: Constant,
    macs: int,
) -> Layer:
    row, parameters = f"{kernel}_row{weighted.variant}", f"{layer_name(op)}{weighted.suffix}_parameters"
    return Layer(
        operator=op,
        reads=(op.inputs[0],),
        writes=(op.outputs[0],),
        body=row_loop(geometry, row, parameters, graph.required(op, 0).dtype),
        kernels=(f"{kernel}{weighted.variant}.c",),
        constants=weighted.constants(weights),
        parameters=Parameters(f"{kernel}_parameters{weighted.variant}", rows),
        macs=macs,
        weight_bytes=weights.bytes,
        rescales=(weighted.rescale,),
        clamp=weighted.clamp,
        suffix=weighted.suffix,
    )


OPERATORS = (
    Support(
        "CONV_2D",
        (WEIGHTED_TYPES, window_shapes, grouped_channels, *WEIGHTED_CONSTRAINTS),
        lower_conv_2d,
    ),
    Support(
        "DEPTHWISE_CONV_2D",
        (DEPTHWISE_TYPES, window_shapes, depth_multiplier, *WEIGHTED_CONSTRAINTS),
        lower_depthwise_conv_2d,
    ),
)
