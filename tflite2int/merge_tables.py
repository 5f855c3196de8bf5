"""Join tables that are looked up one after the other: ``second[first[x]]`` is a table, too, and may change nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from .ops.lookup import table_layer
from .program import Layer, Program, View


def merge_tables(program: Program) -> Program:
    """Replace each layer that looks up what another one looked up, and is the only one to read it, by one for both.

    Works on a program whose buffers have no places yet.
    """
    storage = dict(program.storage)
    readers = Counter(storage[index] for layer in program.layers for index in layer.reads)
    readers.update(storage[index] for index in program.graph.outputs if index in storage)
    layers: list[Layer] = []
    for layer in program.layers:
        first = next((other for other in layers if layer.table is not None and _feeds(other, layer, storage)), None)
        if first is None or readers[storage[layer.reads[0]]] > 1:
            layers.append(layer)
            continue
        layers = [other for other in layers if other is not first]
        storage = {index: root for index, root in storage.items() if root != first.writes[0]}
        merged = _merged(program, first, layer)
        if isinstance(merged, View):
            old, new = merged.output, storage[merged.input]
            storage = {index: new if root == old else root for index, root in storage.items()}
            readers[new] += readers[old] - 1
        else:
            layers.append(merged)
    return replace(program, layers=tuple(layers), storage=storage)


def _feeds(first: Layer, second: Layer, storage: dict[int, int]) -> bool:
    return first.table is not None and storage[second.reads[0]] == first.writes[0]


def _merged(program: Program, first: Layer, second: Layer) -> Layer | View:
    assert first.table is not None and second.table is not None
    graph = program.graph
    x, between, out = (graph.tensor(i) for i in (first.reads[0], first.writes[0], second.writes[0]))
    table = second.table[first.table - between.dtype.limits[0]]
    lowered = table_layer(second.operator, x, out, table, (*first.rescales, *second.rescales))
    return lowered if isinstance(lowered, View) else lowered[0]
