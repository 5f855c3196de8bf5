"""MAX_POOL_2D and AVERAGE_POOL_2D: internal/reference/integer_ops/pooling.h."""

from __future__ import annotations

from ..attributes import Pool2D
from ..fixedpoint import activation_range
from ..graph import Graph, Operator
from ..program import Layer, Parameters, layer_name
from .support import Support, error_of, kernel_variant, quantized_per_tensor, types, zero_point_of_int16
from .window import row_loop, row_order, window, window_shapes


def same_quantization(graph: Graph, op: Operator) -> str | None:
    """Input and output must have the same scale and zero point: a pool does not rescale."""
    x, out = graph.required(op, 0), graph.result(op)
    if (x.scale, x.zero_point) != (out.scale, out.zero_point):
        return f"{x.scale:.6g}, {x.zero_point} and {out.scale:.6g}, {out.zero_point}"
    return None


def quantized_activation(graph: Graph, op: Operator) -> str | None:
    """The fused activation must have a quantized form."""
    return error_of(_clamp, graph, op)


def _clamp(graph: Graph, op: Operator) -> tuple[int, int]:
    assert isinstance(op.attributes, Pool2D)
    out = graph.result(op)
    return activation_range(op.attributes.activation, out.scale, out.zero_point, out.dtype)


def lower(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    geometry, clamp = window(graph, op), _clamp(graph, op)
    width, parameters, dtype = geometry.width, f"{layer_name(op)}_parameters", graph.required(op, 0).dtype
    kernel, variant = op.kind.lower(), kernel_variant(dtype)
    rows = (
        (f"{width.input}, {geometry.input_channels}", "input width, channels"),
        (f"{geometry.height.kernel}, {width.kernel}", "kernel height, width"),
        (f"{width.stride}, {width.before}", "horizontal stride, padding"),
        (f"{width.output}", "output width"),
        (f"{clamp[0]}, {clamp[1]}", "lowest, highest"),
    )
    return (
        Layer(
            operator=op,
            reads=(op.inputs[0],),
            writes=(op.outputs[0],),
            body=row_loop(geometry, f"{kernel}_row{variant}", parameters, dtype),
            rows=row_order(geometry),
            kernels=(f"{kernel}{variant}.c",),
            parameters=Parameters("pool_2d_parameters", rows),
            clamp=clamp,
        ),
    )


CONSTRAINTS = (
    types("int8 > int8", "int16 > int16"),
    quantized_per_tensor,
    zero_point_of_int16,
    window_shapes,
    same_quantization,
    quantized_activation,
)

OPERATORS = (
    Support("MAX_POOL_2D", CONSTRAINTS, lower),
    Support("AVERAGE_POOL_2D", CONSTRAINTS, lower),
)
