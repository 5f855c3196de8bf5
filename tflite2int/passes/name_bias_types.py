"""Name the type of 32-bit biases with 16-bit activations."""

from __future__ import annotations

from dataclasses import replace

from ..attributes import Conv2D, DepthwiseConv2D, FullyConnected
from ..graph import DType, Graph, Operator


def misread_biases(graph: Graph) -> list[Operator]:
    """Operators with 16-bit activations and a 32-bit bias whose options leave quantized_bias_type unset.

    TensorFlow Lite's kernels read such a bias as 64-bit numbers (kernels/fully_connected.cc, conv.cc), beyond its end.
    """
    return [op for op in graph.operators if _misread(graph, op)]


def _misread(graph: Graph, op: Operator) -> bool:
    if not isinstance(op.attributes, FullyConnected | Conv2D) or isinstance(op.attributes, DepthwiseConv2D):
        return False
    x, bias = graph.operand(op, 0), graph.operand(op, 2)
    types = (x.dtype if x else None, bias.dtype if bias else None)
    return types == (DType.INT16, DType.INT32) and not op.attributes.quantized_bias_type


def name_bias_types(graph: Graph) -> Graph:
    """Trust the bias tensor's own type: compute with a 32-bit bias, as if quantized_bias_type named it."""
    misread = misread_biases(graph)
    if not misread:
        return graph
    operators = list(graph.operators)
    for op in misread:
        assert isinstance(op.attributes, FullyConnected | Conv2D)
        operators[operators.index(op)] = replace(op, attributes=replace(op.attributes, quantized_bias_type="int32"))
    change = (
        f"the 32-bit bias of {', '.join(str(op) for op in misread)} is taken as such: quantized_bias_type is unset, "
        "for which TensorFlow Lite's interpreters read it as 64-bit numbers and give answers without meaning"
    )
    return replace(graph, operators=tuple(operators), changes=(*graph.changes, change))
