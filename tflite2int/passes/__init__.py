"""Graph to Graph, one rewrite a file, in the order of ``PASSES``."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Graph
from .drop_unused import drop_unused
from .eliminate import eliminate
from .fold_activations import fold_activations
from .fold_constants import fold_constants
from .fold_pads import fold_pads
from .name_bias_types import name_bias_types
from .strip_float_edges import strip_float_edges

Pass = Callable[[Graph], Graph]

# Constants first: what they leave unread (the SHAPE of a float input, say) would stop the passes behind.
PASSES: tuple[Pass, ...] = (
    fold_constants,
    drop_unused,
    strip_float_edges,
    name_bias_types,
    fold_pads,
    fold_activations,
)


def simplify(graph: Graph, remove_channels: bool = False) -> Graph:
    """Run every pass, checking the graph after each; ``remove_channels`` adds ``eliminate`` at the end."""
    for rewrite in (*PASSES, *((eliminate,) if remove_channels else ())):
        graph = rewrite(graph)
        graph.check()
    return graph
