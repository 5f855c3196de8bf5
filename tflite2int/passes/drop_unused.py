"""Drop operators whose results nobody reads."""

from __future__ import annotations

from dataclasses import replace

from ..graph import Graph, Operator


def drop_unused(graph: Graph) -> Graph:
    """Keep what the outputs need, and operators without results, which act on variables."""
    needed = set(graph.outputs)
    kept: list[Operator] = []
    for op in reversed(graph.operators):
        if not op.outputs or needed.intersection(op.outputs):
            kept.append(op)
            needed.update(op.inputs)
    dropped = [op for op in graph.operators if op not in kept]
    if not dropped:
        return graph
    change = f"dropped, as nothing reads their results: {', '.join(str(op) for op in dropped)}"
    return replace(graph, operators=tuple(reversed(kept)), changes=(*graph.changes, change))
