"""Take QUANTIZE and DEQUANTIZE off the edges of the graph: its inputs and outputs become integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import printable
from ..graph import DType, Graph
from ..ops.support import has_one_scale


def strip_float_edges(graph: Graph) -> Graph:
    """Strip float inputs that only QUANTIZE reads, all of them with the same parameters, and float outputs that
    DEQUANTIZE gives. Float tensors with other readers or writers stay, to be refused."""
    for position in range(len(graph.inputs)):
        graph = _strip_input(graph, position)
    for position in range(len(graph.outputs)):
        graph = _strip_output(graph, position)
    return graph


def _strip_input(graph: Graph, position: int) -> Graph:
    index = graph.inputs[position]
    readers = list(graph.consumers(index))
    if graph.tensor(index).dtype is not DType.FLOAT32 or index in graph.outputs or not readers:
        return graph
    if any(op.kind != "QUANTIZE" or not has_one_scale(graph.result(op)) for op in readers):
        return graph
    first = graph.result(readers[0])
    if any(graph.result(op).dtype is not first.dtype for op in readers):
        return graph
    if any(graph.result(op).quantization != first.quantization for op in readers):
        return graph
    renamed = {op.outputs[0]: first.index for op in readers}
    change = (
        f'input {position} "{printable(graph.tensor(index).name)}": the float QUANTIZE at the edge is stripped; '
        f"feed {first.dtype.label} with scale {first.scale!r} and zero point {first.zero_point}"
    )
    return replace(
        graph,
        inputs=_replaced(graph.inputs, {index: first.index}),
        outputs=_replaced(graph.outputs, renamed),
        operators=tuple(
            replace(op, inputs=_replaced(op.inputs, renamed)) for op in graph.operators if op not in readers
        ),
        changes=(*graph.changes, change),
    )


def _strip_output(graph: Graph, position: int) -> Graph:
    index = graph.outputs[position]
    writer = next((op for op in graph.operators if index in op.outputs), None)
    if writer is None or writer.kind != "DEQUANTIZE" or graph.tensor(index).dtype is not DType.FLOAT32:
        return graph
    source = graph.required(writer, 0)
    if not has_one_scale(source):
        return graph
    outputs = (*graph.outputs[:position], source.index, *graph.outputs[position + 1 :])
    still_read = index in outputs or any(True for _ in graph.consumers(index))
    change = (
        f'output {position} "{printable(graph.tensor(index).name)}": the DEQUANTIZE at the edge is stripped; '
        f"it is {source.dtype.label} with scale {source.scale!r} and zero point {source.zero_point}"
    )
    return replace(
        graph,
        outputs=outputs,
        operators=tuple(op for op in graph.operators if still_read or op is not writer),
        changes=(*graph.changes, change),
    )


def _replaced(indices: Sequence[int], new: dict[int, int]) -> tuple[int, ...]:
    return tuple(new.get(i, i) for i in indices)
