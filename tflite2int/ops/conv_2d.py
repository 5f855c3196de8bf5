"""CONV_2D and DEPTHWISE_CONV_2D: internal/reference/integer_ops/conv.h and depthwise_conv.h."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Array, DType, Graph, Operator
from ..program import Constant, Layer, Parameters, layer_name
from .support import Support, types
from .weighted import INT8_TYPES, WEIGHTED_CONSTRAINTS, WEIGHTED_TYPES, Weighted, requantized
from .window import row_loop, row_order, window, window_shapes

# A window is copied together, on the stack, where that takes no more elements than these, or than this share of the
# layer's input and output; else each pair of channels reads it where it lies, at a tenth more instructions.
SMALL_WINDOW, SHARE = 64, 1 / 16

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
    return (conv_2d(graph, op, requantized(graph, op)),)


def conv_2d(graph: Graph, op: Operator, weighted: Weighted) -> Layer:
    """The layer, its accumulators rescaled as ``weighted`` says."""
    weights = graph.required(op, 1).value()
    return _conv_2d(graph, op, weighted, weights, graph.required(op, 0).shape[3] // weights.shape[3])


def _conv_2d(graph: Graph, op: Operator, weighted: Weighted, weights: Array, groups: int) -> Layer:
    """``weights``: (output channels, height, width, input channels of a group)."""
    x, out = graph.required(op, 0), graph.result(op)
    geometry = window(graph, op)
    height, width = geometry.height, geometry.width
    outputs, *kernel = weights.shape
    size = math.prod(kernel)
    run = width.kernel if width.dilation == 1 and groups == 1 else 1
    whole = run == width.kernel and height.kernel == 1 and not geometry.padded
    in_place = not whole and size > max(SMALL_WINDOW, SHARE * (x.elements + out.elements))
    rows = (
        (f"{width.input}, {geometry.input_channels}", "input width, channels"),
        (f"{x.zero_point}", "input zero point"),
        (", ".join(map(str, kernel)), "kernel height, width, channels"),
        (f"{width.dilation}, {width.stride}, {width.before}", "horizontal dilation, stride, padding"),
        (f"{width.output}, {outputs}", "output width, channels"),
        (f"{groups}, {outputs // groups}", "groups, outputs of a group"),
        (f"{run}", "taps in a run"),
        *weighted.dense(layer_name(op), size, out.zero_point),
    )
    return _layer(
        graph,
        op,
        weighted,
        "conv_2d_in_place" if in_place else "conv_2d",
        rows=rows,
        tables=(Constant("weights", DType.INT8, weights),),
        scratch=("", "0") if whole else ("", "") if in_place else (f"{x.dtype.c} window[{size}];", "window"),
        macs=out.elements * size,
    )


def lower_depthwise_conv_2d(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    """With one input channel it is a convolution like any other, and computed as one."""
    x, weights, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    geometry, weighted, name = window(graph, op), requantized(graph, op), layer_name(op)
    # The taps of a channel side by side: the file has the channels innermost.
    taps = weights.value()[0].transpose(2, 0, 1)
    if geometry.input_channels == 1:
        return (_conv_2d(graph, op, weighted, taps[..., None], groups=1),)
    width, size = geometry.width, geometry.height.kernel * geometry.width.kernel
    rows = (
        (f"{width.input}, {geometry.input_channels}", "input width, channels"),
        (f"{geometry.height.kernel}, {width.kernel}, {size}", "kernel height, width, size"),
        (f"{width.dilation}, {width.stride}, {width.before}", "horizontal dilation, stride, padding"),
        (f"{width.output}, {geometry.output_channels}", "output width, channels"),
        (f"{geometry.output_channels // geometry.input_channels}", "output channels for each input channel"),
        (f"{name}_weights, {name}_padding" if geometry.padded else f"{name}_weights, 0", ""),
        *weighted.requantization(name, out.zero_point),
    )
    zeros: Array = np.full(geometry.input_channels, x.zero_point)
    padding = (Constant("padding", x.dtype, zeros, "input zero point", in_flash=False),) if geometry.padded else ()
    layer = _layer(
        graph,
        op,
        weighted,
        "depthwise_conv_2d",
        rows=rows,
        tables=(Constant("weights", DType.INT8, taps), *padding),
        scratch=(f"const {x.dtype.c} *taps[{size}];", "taps"),
        macs=out.elements * size,
    )
    return (layer,)


def _layer(
    graph: Graph,
    op: Operator,
    weighted: Weighted,
    kernel: str,
    *,
    rows: tuple[tuple[str, str], ...],
    tables: tuple[Constant, ...],
    scratch: tuple[str, str],
    macs: int,
) -> Layer:
    geometry = window(graph, op)
    row, parameters = f"{kernel}_row{weighted.variant}", f"{layer_name(op)}{weighted.suffix}_parameters"
    return Layer(
        operator=op,
        reads=(op.inputs[0],),
        writes=(op.outputs[0],),
        body=row_loop(geometry, row, parameters, graph.required(op, 0).dtype, scratch),
        rows=row_order(geometry),
        kernels=(f"{kernel}{weighted.variant}.c",),
        constants=weighted.constants(*tables),
        parameters=Parameters(f"{kernel.removesuffix('_in_place')}_parameters{weighted.variant}", rows),
        macs=macs,
        weight_bytes=tables[0].bytes,
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
