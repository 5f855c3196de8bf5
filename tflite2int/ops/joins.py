"""CONCATENATION, PACK: kernels/concatenation.cc, pack.cc."""

from __future__ import annotations

from ..attributes import Concatenation, Stack
from ..graph import Graph, Operator
from .copies import Copy, Moves, Region, movement, row_major
from .operands import one_type, same_scale, wrapped_axis
from .support import Constraint


def no_activation(graph: Graph, op: Operator) -> str | None:
    """There must be no fused activation."""
    options = op.attributes
    assert isinstance(options, Concatenation)
    return None if options.activation == "NONE" else options.activation


def _join(shapes: list[tuple[int, ...]], axis: int) -> Moves:
    """Boxes side by side along ``axis``, one for each input."""
    joined = tuple(sum(s[axis] for s in shapes) if d == axis else n for d, n in enumerate(shapes[0]))
    strides, steps, position = row_major(joined), [], 0
    for source, shape in enumerate(shapes):
        write = Region(position * strides[axis], strides)
        steps.append(Copy(shape, Region(0, row_major(shape)), write, source))
        position += shape[axis]
    return Moves((joined,), tuple(steps))


def concatenation(graph: Graph, op: Operator) -> Moves:
    options = op.attributes
    assert isinstance(options, Concatenation)
    shapes = [graph.tensor(i).shape for i in op.inputs]
    axis = wrapped_axis(options.axis, len(shapes[0]))
    if len({(len(s), *s[:axis], *s[axis + 1 :]) for s in shapes}) > 1:
        raise ValueError(f"shapes {', '.join(str(list(s)) for s in shapes)} along dimension {axis}")
    return _join(shapes, axis)


def pack(graph: Graph, op: Operator) -> Moves:
    options = op.attributes
    assert isinstance(options, Stack)
    shapes = [graph.tensor(i).shape for i in op.inputs]
    axis = wrapped_axis(options.axis, len(shapes[0]) + 1)
    if len(set(shapes)) > 1 or options.count != len(shapes):
        raise ValueError(f"shapes {', '.join(str(list(s)) for s in shapes)}, count {options.count}")
    return _join([(*s[:axis], 1, *s[axis:]) for s in shapes], axis)


EVERY_INPUT: Constraint = one_type(count=None)

OPERATORS = (
    movement("CONCATENATION", (EVERY_INPUT, no_activation, same_scale), concatenation),
    movement("PACK", (EVERY_INPUT, same_scale), pack),
)
