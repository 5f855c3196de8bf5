"""Fold a PAD into the windows of the convolutions that follow it."""

from __future__ import annotations

from dataclasses import replace

from ..attributes import Conv2D
from ..graph import Graph, Operator
from ..ops import supported
from ..ops.pad import amounts, pad_value
from ..ops.support import obstacles
from ..ops.window import window

Pads = tuple[int, int, int, int]  # top, bottom, left, right


def fold_pads(graph: Graph) -> Graph:
    """Give convolutions explicit pads in place of a PAD of height and width with what is 0 in real values.

    Pools do not count their padding, so a PAD in front of a pool stays. The last PAD of a chain goes first.
    """
    for op in reversed(graph.operators):
        if op.kind in ("PAD", "PADV2"):
            graph = _fold(graph, op)
    return graph


def _fold(graph: Graph, pad: Operator) -> Graph:
    added = _added(graph, pad)
    readers = list(graph.consumers(pad.outputs[0]))
    if added is None or not readers or pad.outputs[0] in graph.outputs:
        return graph
    folded: dict[int, Operator] = {}
    for op in readers:
        own = _own_pads(graph, op)
        if own is None or pad.outputs[0] in op.inputs[1:]:
            return graph
        assert isinstance(op.attributes, Conv2D)  # as it has pads
        pads = (own[0] + added[0], own[1] + added[1], own[2] + added[2], own[3] + added[3])
        folded[op.index] = replace(
            op, inputs=(pad.inputs[0], *op.inputs[1:]), attributes=replace(op.attributes, pads=pads)
        )
    change = f"{pad}: folded into the window of {', '.join(str(op) for op in readers)}"
    return replace(
        graph,
        operators=tuple(folded.get(op.index, op) for op in graph.operators if op is not pad),
        changes=(*graph.changes, change),
    )


def _added(graph: Graph, pad: Operator) -> Pads | None:
    """What the operator adds, where it adds real zeros to height and width only and computes nothing else."""
    if obstacles(supported()[pad.kind], graph, pad):
        return None
    x, out = graph.required(pad, 0), graph.result(pad)
    if x.quantization is None or x.quantization != out.quantization or len(x.shape) != 4:
        return None
    batch, height, width, channels = amounts(graph, pad)
    if any((*batch, *channels)) or pad_value(graph, pad) != out.zero_point:
        return None
    return (*height, *width)


def _own_pads(graph: Graph, op: Operator) -> Pads | None:
    """What a convolution pads by itself, on the padded input that it still reads."""
    if not isinstance(op.attributes, Conv2D):
        return None
    if op.attributes.pads is not None:
        return op.attributes.pads
    try:
        geometry = window(graph, op)
    except ValueError:
        return None
    height, width = geometry.height, geometry.width
    return height.before, height.after, width.before, width.after
