"""Fold RELU, RELU6 and RELU_N1_TO_1 into the clamp of the operator whose results they are the only ones to read."""

from __future__ import annotations

from dataclasses import replace

from ..attributes import Activation, Arithmetic, Attributes, Conv2D, FullyConnected, Pool2D
from ..graph import Graph, Operator
from ..ops import supported
from ..ops.support import obstacles

# An operator's own activation and the one behind it -> the one that does both.
_BOTH: dict[tuple[Activation, str], Activation] = {
    ("NONE", "RELU"): "RELU",
    ("NONE", "RELU6"): "RELU6",
    ("NONE", "RELU_N1_TO_1"): "RELU_N1_TO_1",
    ("RELU", "RELU"): "RELU",
    ("RELU", "RELU6"): "RELU6",
    ("RELU6", "RELU"): "RELU6",
    ("RELU6", "RELU6"): "RELU6",
    ("RELU_N1_TO_1", "RELU_N1_TO_1"): "RELU_N1_TO_1",
}


def fold_activations(graph: Graph) -> Graph:
    """Let operators clamp their results as the activation behind them would, which then goes.

    With the same scale and zero point on both sides an activation changes nothing but what it clamps, and its bounds
    are those of a fused one (CalculateActivationRangeQuantized).
    """
    for activation in graph.operators:
        writer = next((op for op in graph.operators if op.outputs[:1] == activation.inputs[:1]), None)
        joined = writer and _joined(graph, writer, activation)
        if joined:
            change = f"{activation}: folded into {writer}"
            kept = (op for op in graph.operators if op is not activation)
            operators = tuple(joined if op is writer else op for op in kept)
            graph = replace(graph, operators=operators, changes=(*graph.changes, change))
    return graph


def _joined(graph: Graph, writer: Operator, activation: Operator) -> Operator | None:
    """The writer with both clamps; None where it has none, others read its results, or they are rescaled."""
    attributes = writer.attributes
    if not isinstance(attributes, FullyConnected | Conv2D | Pool2D | Arithmetic):
        return None
    both = _BOTH.get((attributes.activation, activation.kind))
    if both is None or len(writer.outputs) != 1 or obstacles(supported()[activation.kind], graph, activation):
        return None
    between, out = graph.result(writer), graph.result(activation)
    if between.index in graph.outputs or len(list(graph.consumers(between.index))) != 1:
        return None
    if (between.dtype, between.quantization) != (out.dtype, out.quantization):
        return None
    clamped: Attributes = replace(attributes, activation=both)
    return replace(writer, attributes=clamped, outputs=activation.outputs)
