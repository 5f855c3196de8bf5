"""Operators that a pass takes away; what is left of them cannot be computed in integers."""

from __future__ import annotations

from ..errors import InternalError
from ..graph import Graph, Operator
from .support import Lowered, Support


def at_an_output(graph: Graph, op: Operator) -> str | None:
    """The result must be an output of the graph and nothing else: float values exist only there."""
    return ""


def known_shape(graph: Graph, op: Operator) -> str | None:
    """The result must be int32 or int64, a vector with one entry for each dimension of the input."""
    return ""


def lower(graph: Graph, op: Operator) -> Lowered:
    raise InternalError("a pass should have removed it", str(op))


OPERATORS = (
    Support("DEQUANTIZE", (at_an_output,), lower, "Stripped where it gives an output of the graph."),
    Support("SHAPE", (known_shape,), lower, "Folded into a constant."),
)
