"""Strided copies: what all data movement operators come down to.

An operator says which boxes of elements it copies (``Moves``); the same description becomes C loops, a view where
nothing changes place, or the value of a constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from ..attributes import Attributes
from ..graph import Array, Graph, Operator
from ..program import Constant, Layer, View, layer_name, parameter_names
from .support import Constraint, Lowered, Support
from .text import INDEX_NAMES, advance, loop


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Element strides of a dense tensor."""
    strides = [1] * len(shape)
    for d in range(len(shape) - 2, -1, -1):
        strides[d] = strides[d + 1] * shape[d + 1]
    return tuple(strides)


@dataclass(frozen=True)
class Region:
    """The elements that a box of indices visits in a tensor: of the first, and from one to the next along each
    dimension of the box, in elements."""

    offset: int
    strides: tuple[int, ...]

    def elements(self, extents: Sequence[int]) -> npt.NDArray[np.int64]:
        """The position of every element, in the shape of the box."""
        positions = np.full(tuple(extents), self.offset, np.int64)
        for grid, stride in zip(np.indices(tuple(extents)), self.strides, strict=True):
            positions += grid * stride
        return positions


@dataclass(frozen=True)
class Copy:
    """A box copied from the operator's input ``source`` to its output ``target``, both positions."""

    extents: tuple[int, ...]
    read: Region
    write: Region
    source: int = 0
    target: int = 0


@dataclass(frozen=True)
class Fill:
    """All of output 0 set to ``value``."""

    value: int


@dataclass(frozen=True)
class Moves:
    """What a data movement operator does: the shapes of its outputs, and its steps in order."""

    shapes: tuple[tuple[int, ...], ...]
    steps: tuple[Copy | Fill, ...]


Plan = Callable[[Graph, Operator], Moves]
"""Raises ValueError where shapes, axes and indices do not fit each other."""


def _no_plan(graph: Graph, op: Operator) -> Moves:
    raise NotImplementedError(str(op))


@dataclass(frozen=True)
class Movement(Support):
    """A supported operator that only moves data."""

    plan: Plan = field(default=_no_plan)


def movement(kind: str, constraints: Sequence[Constraint], plan: Plan, note: str = "") -> Movement:
    """Support for an operator by its plan, which is the last of its constraints."""

    def consistent(graph: Graph, op: Operator) -> str | None:
        """Shapes, axes and indices must fit each other."""
        try:
            shapes = plan(graph, op).shapes
        except ValueError as error:
            return str(error)
        if len(op.outputs) != len(shapes):
            return f"{len(op.outputs)} outputs, not {len(shapes)}"
        for index, shape in zip(op.outputs, shapes, strict=True):
            if graph.tensor(index).shape != shape:
                return f"{graph.tensor(index)} is {list(graph.tensor(index).shape)}, not {list(shape)}"
        return None

    return Movement(kind, (*constraints, consistent), partial(_lower, plan), note, plan)


def moved(plan: Plan, graph: Graph, op: Operator) -> list[Array]:
    """The values of an operator's outputs, all inputs that it copies being constants."""
    moves = plan(graph, op)
    types = [graph.tensor(i).dtype.numpy for i in op.outputs]
    outputs = [np.zeros(math.prod(s), dtype) for s, dtype in zip(moves.shapes, types, strict=True)]
    for step in moves.steps:
        if isinstance(step, Fill):
            outputs[0][:] = step.value
        else:
            values = graph.required(op, step.source).value().reshape(-1)
            outputs[step.target][step.write.elements(step.extents)] = values[step.read.elements(step.extents)]
    return [values.reshape(shape) for values, shape in zip(outputs, moves.shapes, strict=True)]


def _lower(plan: Plan, graph: Graph, op: Operator) -> Lowered:
    moves = plan(graph, op)
    copied = {step.source: graph.required(op, step.source) for step in moves.steps if isinstance(step, Copy)}
    if _is_view(graph, op, moves):
        return View(op.inputs[next(iter(copied))], op.outputs[0])
    reads = tuple(dict.fromkeys(t.index for t in copied.values() if not t.constant))
    names = dict(zip(reads, parameter_names("input", len(reads)), strict=True))
    targets = parameter_names("output", len(op.outputs))
    constants = tuple(
        Constant(f"input{p}", t.dtype, t.data, in_flash=False) for p, t in copied.items() if t.data is not None
    )
    body: list[str] = []
    for step in moves.steps:
        if isinstance(step, Fill):
            body += loop("i", graph.result(op).elements, (f"output[i] = {step.value};",))
        else:
            source = names.get(op.inputs[step.source], f"{layer_name(op)}_input{step.source}")
            body += strided_copy(step, source, targets[step.target])
    return (Layer(operator=op, reads=reads, writes=op.outputs, body=tuple(body), constants=constants),)


def _is_view(graph: Graph, op: Operator, moves: Moves) -> bool:
    """True where one copy moves every element of an input to the same place in the only output."""
    if len(moves.steps) != 1 or len(op.outputs) != 1 or not isinstance(step := moves.steps[0], Copy):
        return False
    source, count = graph.required(op, step.source), math.prod(step.extents)
    if source.constant or not count == source.elements == graph.result(op).elements:
        return False
    sizes, strides = merged(step.extents, step.read.strides, step.write.strides)
    return not step.read.offset and not step.write.offset and len(sizes) <= 1 and all(s in ([], [1]) for s in strides)


def merged(extents: Sequence[int], *strides: Sequence[int]) -> tuple[list[int], list[list[int]]]:
    """The same index space with as few dimensions as possible: extents of 1 dropped, neighbours joined where every
    operand's strides allow it. Returns extents and strides; a single element gives no dimension at all."""
    kept = [(e, [s[d] for s in strides]) for d, e in enumerate(extents) if e != 1]
    joined: list[tuple[int, list[int]]] = []
    for extent, steps in kept:
        if joined and all(outer == extent * inner for outer, inner in zip(joined[-1][1], steps, strict=True)):
            joined[-1] = (joined[-1][0] * extent, steps)
        else:
            joined.append((extent, steps))
    return [e for e, _ in joined], [[steps[k] for _, steps in joined] for k in range(len(strides))]


def strided_copy(copy: Copy, source: str, target: str) -> tuple[str, ...]:
    """C loops from pointer ``source`` to pointer ``target``, the last dimension innermost."""
    sizes, (fro, to) = merged(copy.extents, copy.read.strides, copy.write.strides)
    names = INDEX_NAMES[: len(sizes)]
    element = f"{_element(target, copy.write.offset, names, to)} = {_element(source, copy.read.offset, names, fro)};"
    body: tuple[str, ...] = (element,)
    for name, size in reversed(list(zip(names, sizes, strict=True))):
        body = loop(name, size, body)
    return body


def _element(pointer: str, offset: int, names: Sequence[str], strides: Sequence[int]) -> str:
    index = advance(str(offset), *zip(names, strides, strict=True))
    return f"{pointer}[{index.removeprefix('0 + ')}]"


def dense_copy(elements: int, source: int = 0) -> Copy:
    """All elements of one tensor to the same places of another."""
    return Copy((elements,), Region(0, (1,)), Region(0, (1,)), source)


def copy_output(graph: Graph, position: int) -> Layer:
    """A copy into graph output ``position`` of a tensor that is an input or another output as well."""
    tensor = graph.tensor(graph.outputs[position])
    number = max((op.index for op in graph.operators), default=-1) + 1 + position
    return Layer(
        operator=Operator(number, "COPY", (tensor.index,), (tensor.index,), Attributes()),
        reads=(tensor.index,),
        writes=(tensor.index,),
        body=strided_copy(dense_copy(tensor.elements), "input", "output"),
        copy_to=position,
    )
