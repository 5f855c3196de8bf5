"""FULLY_CONNECTED: kernels/fully_connected.cc and internal/reference/integer_ops/fully_connected.h."""

from __future__ import annotations

from ..attributes import FullyConnected
from ..graph import DType, Graph, Operator
from ..program import Constant, Layer, Parameters, layer_name
from .support import Support
from .text import per_row
from .weighted import WEIGHTED_CONSTRAINTS, WEIGHTED_TYPES, Weighted, requantized


def plain_layout(graph: Graph, op: Operator) -> str | None:
    """Weights must be in the plain layout."""
    attributes = op.attributes
    assert isinstance(attributes, FullyConnected)
    return "shuffled" if attributes.shuffled_weights else None


def shapes(graph: Graph, op: Operator) -> str | None:
    """The weights must be (outputs, inputs), and input and output shapes must match them."""
    x, weights, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    if len(weights.shape) != 2 or not weights.elements:
        return f"weights are {weights.shape}"
    outputs, inputs = weights.shape
    batch, rest = divmod(x.elements, inputs)
    if rest or out.elements != batch * outputs or out.shape[-1:] != (outputs,):
        return f"{x.shape} by {weights.shape} gives {out.shape}"
    return None


def lower(graph: Graph, op: Operator) -> tuple[Layer, ...]:
    return (fully_connected(graph, op, requantized(graph, op)),)


def fully_connected(graph: Graph, op: Operator, weighted: Weighted) -> Layer:
    """The layer, its accumulators rescaled as ``weighted`` says."""
    x, weights, out = graph.required(op, 0), graph.required(op, 1), graph.result(op)
    outputs, inputs = weights.shape
    name = layer_name(op)
    rows = ((f"{outputs}", "outputs"), *weighted.dense(name, inputs, out.zero_point))
    kernel = f"fully_connected{weighted.variant}"
    call = f"{kernel}(&{name}{weighted.suffix}_parameters, {{input}}, {{output}});"
    batch = x.elements // inputs
    table = Constant("weights", DType.INT8, weights.value().reshape(outputs, inputs))
    return Layer(
        operator=op,
        reads=(x.index,),
        writes=(out.index,),
        body=per_row(call, batch, inputs, outputs),
        rows=tuple((row * inputs, (row + 1) * outputs) for row in range(batch)),
        kernels=(f"{kernel}.c",),
        constants=weighted.constants(table),
        parameters=Parameters(f"fully_connected_parameters{weighted.variant}", rows),
        macs=batch * inputs * outputs,
        weight_bytes=weights.elements,
        rescales=(weighted.rescale,),
        clamp=weighted.clamp,
        suffix=weighted.suffix,
    )


OPERATORS = (
    Support(
        "FULLY_CONNECTED",
        (WEIGHTED_TYPES, plain_layout, shapes, *WEIGHTED_CONSTRAINTS),
        lower,
    ),
)
