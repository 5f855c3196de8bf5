"""TRANSPOSE: kernels/transpose.cc."""

from __future__ import annotations

from ..graph import Graph, Operator
from .copies import Copy, Moves, Region, movement, row_major
from .operands import constant, integers, limited_rank, one_type, wrapped_axis


def transpose(graph: Graph, op: Operator) -> Moves:
    x = graph.required(op, 0)
    rank = limited_rank(x, 6)
    order = [wrapped_axis(a, rank) for a in integers(graph, op, 1)]
    if sorted(order) != list(range(rank)):
        raise ValueError(f"{order} is no permutation of {rank} dimensions")
    shape, strides = tuple(x.shape[a] for a in order), row_major(x.shape)
    read = Region(0, tuple(strides[a] for a in order))
    return Moves((shape,), (Copy(shape, read, Region(0, row_major(shape))),))


OPERATORS = (movement("TRANSPOSE", (one_type(), constant(1, "permutation", ("int32",))), transpose),)
