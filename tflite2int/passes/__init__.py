"""Graph to Graph, one rewrite a file, in the order of ``PASSES``."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Graph

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = ()


def simplify(graph: Graph) -> Graph:
    """Run every pass, checking the graph after each."""
    for rewrite in PASSES:
        graph = rewrite(graph)
        graph.check()
    return graph
