"""Graph to Program: every operator becomes layer functions or a view; buffers get their places in the arena."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import memory, memory_check
from .diagnosis import obstacles_of
from .errors import UnsupportedModelError
from .graph import Graph
from .merge_tables import merge_tables
from .ops import supported
from .ops.copies import copy_output
from .program import Layer, Port, Program, View, parameter_names


def lower(graph: Graph, name: str) -> Program:
    """Lower every operator and place every buffer. Raises UnsupportedModelError with all obstacles at once."""
    found, remedy = obstacles_of(graph)
    if found:
        raise UnsupportedModelError(found, remedy)
    layers: list[Layer] = []
    storage = {index: index for index in graph.inputs}
    for op in graph.operators:
        lowered = supported()[op.kind].lower(graph, op)
        if isinstance(lowered, View):
            storage[lowered.output] = storage[lowered.input]
            continue
        layers += lowered
        storage |= {index: index for layer in lowered for index in layer.writes}
    program = Program(
        name=name,
        graph=graph,
        layers=tuple(layers),
        inputs=_ports(graph, graph.inputs, "input"),
        outputs=_ports(graph, graph.outputs, "output"),
        storage=storage,
    )
    return complete(merge_tables(program))


def complete(program: Program) -> Program:
    """Add what fills outputs that have no bytes of their own, and place every buffer."""
    return _place(_copy_shared_outputs(program))


def _ports(graph: Graph, tensors: Sequence[int], stem: str) -> tuple[Port, ...]:
    names = parameter_names(stem, len(tensors))
    return tuple(Port(name, graph.tensor(index)) for name, index in zip(names, tensors, strict=True))


def output_roots(program: Program) -> dict[int, int]:
    """Output position to the tensor that is computed in place in the caller's output buffer.

    Outputs that are constants, inputs, or share their bytes with an earlier output are not among them.
    """
    roots: dict[int, int] = {}
    for position, index in enumerate(program.graph.outputs):
        root = program.storage.get(index)
        if root is not None and root not in program.graph.inputs and root not in roots.values():
            roots[position] = root
    return roots


def _copy_shared_outputs(program: Program) -> Program:
    """Append a copy for each graph output that has no bytes of its own."""
    own = output_roots(program)
    copies = [copy_output(program.graph, p) for p in range(len(program.graph.outputs)) if p not in own]
    return replace(program, layers=(*program.layers, *copies))


def _place(program: Program) -> Program:
    """Plan the arena and check the plan by simulation."""
    graph, roots = program.graph, program.storage
    inside = set(roots.values()) - set(graph.inputs) - set(output_roots(program).values())
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for step, layer in enumerate(program.layers):
        written = layer.writes if layer.copy_to < 0 else ()
        for index in written:
            first.setdefault(roots[index], step)
        for index in (*written, *layer.reads):
            last[roots[index]] = step
    # C may take accesses through int16_t and int32_t pointers as independent, and reorder them, if layers are inlined:
    # buffers of several such types share no bytes. Where there are several, all but the narrowest live throughout.
    widths = {graph.tensor(key).dtype.size for key in inside} - {1}
    for key in inside:
        if graph.tensor(key).dtype.size > min(widths, default=1):
            first[key], last[key] = 0, len(program.layers) - 1
    requests = [
        memory.Request(key, graph.tensor(key).bytes, graph.tensor(key).dtype.size, first[key], last[key])
        for key in sorted(inside)
    ]
    pairs = [
        frozenset(
            (roots[read], roots[write])
            for read, write in layer.sharing
            if {roots[read], roots[write]} <= inside
            and last[roots[read]] == step
            and graph.tensor(read).dtype.size == graph.tensor(write).dtype.size
        )
        for step, layer in enumerate(program.layers)
    ]
    overlaps = {
        (read, write): layer.slack * graph.tensor(write).dtype.size
        for layer, step_pairs in zip(program.layers, pairs, strict=True)
        for read, write in step_pairs
    }
    plan = memory.plan(requests, overlaps)
    steps = [
        memory_check.Step(
            reads=tuple(dict.fromkeys(roots[i] for i in layer.reads if roots[i] in inside)),
            writes=tuple(roots[i] for i in layer.writes if layer.copy_to < 0 and roots[i] in inside),
            elementwise=frozenset() if layer.rows else step_pairs,
            element_bytes={roots[i]: graph.tensor(i).dtype.size for i in (*layer.reads, *layer.writes)},
            rows=layer.rows if step_pairs else (),
        )
        for layer, step_pairs in zip(program.layers, pairs, strict=True)
    ]
    memory_check.simulate(steps, plan.offsets, {key: graph.tensor(key).bytes for key in inside}, plan.size)
    return replace(
        program,
        offsets=plan.offsets,
        lifetimes={key: (first[key], last[key]) for key in inside},
        arena_size=plan.size,
    )
