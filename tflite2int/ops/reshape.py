"""RESHAPE, SQUEEZE, EXPAND_DIMS: kernels/reshape.cc, squeeze.cc, expand_dims.cc. The bytes stay where they are."""

from __future__ import annotations

import math

from ..attributes import Reshape, Squeeze
from ..graph import Graph, Operator
from .copies import Moves, dense_copy, movement
from .operands import constant, integers, one_type, same_scale, single, wrapped_axis


def _new_shape(graph: Graph, op: Operator) -> list[int]:
    """From the operand where it is a vector, else from the options, where a lone 0 means a scalar."""
    options, operand = op.attributes, graph.operand(op, 1)
    if operand is not None and len(operand.shape) == 1:
        return integers(graph, op, 1)
    shape = list(options.new_shape or ()) if isinstance(options, Reshape) else []
    return [] if shape == [0] else shape


def reshape(graph: Graph, op: Operator) -> Moves:
    x, shape = graph.required(op, 0), _new_shape(graph, op)
    if shape.count(-1) == 1:
        rest = -math.prod(shape)
        shape[shape.index(-1)] = x.elements // rest if rest else 0
    if any(d < 0 for d in shape) or math.prod(shape) != x.elements:
        raise ValueError(f"{x} of shape {list(x.shape)} cannot become {shape}")
    return Moves((tuple(shape),), (dense_copy(x.elements),))


def squeeze(graph: Graph, op: Operator) -> Moves:
    x, options = graph.required(op, 0), op.attributes
    assert isinstance(options, Squeeze)
    axes = {wrapped_axis(a, len(x.shape)) for a in options.axes} or {d for d, n in enumerate(x.shape) if n == 1}
    if any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"dimensions {sorted(axes)} of {list(x.shape)} are not all 1")
    return Moves((tuple(n for d, n in enumerate(x.shape) if d not in axes),), (dense_copy(x.elements),))


def expand_dims(graph: Graph, op: Operator) -> Moves:
    x = graph.required(op, 0)
    axis = wrapped_axis(single(graph, op, 1), len(x.shape) + 1)
    return Moves(((*x.shape[:axis], 1, *x.shape[axis:]),), (dense_copy(x.elements),))


OPERATORS = (
    movement("RESHAPE", (one_type(), constant(1, "new shape", ("int32",))), reshape, "Costs nothing."),
    movement("SQUEEZE", (one_type(),), squeeze, "Costs nothing."),
    movement("EXPAND_DIMS", (one_type(), constant(1, "axis"), same_scale), expand_dims, "Costs nothing."),
)
