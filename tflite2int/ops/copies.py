"""Strided copies: what all data movement operators come down to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..attributes import Attributes
from ..graph import Graph, Operator
from ..program import Constant, Layer, layer_name
from .text import INDEX_NAMES, advance, loop


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Element strides of a dense tensor."""
    strides = [1] * len(shape)
    for d in range(len(shape) - 2, -1, -1):
        strides[d] = strides[d + 1] * shape[d + 1]
    return tuple(strides)


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


@dataclass(frozen=True)
class Walk:
    """A pointer, and how far it moves along each dimension: offset and strides in elements."""

    pointer: str
    strides: Sequence[int]
    offset: int = 0

    def element(self, names: Sequence[str], strides: Sequence[int]) -> str:
        index = advance(str(self.offset), *zip(names, strides, strict=True))
        return f"{self.pointer}[{index.removeprefix('0 + ')}]"


def strided_copy(target: Walk, source: Walk, extents: Sequence[int]) -> tuple[str, ...]:
    """C loops that copy ``extents`` elements."""
    sizes, (to, fro) = merged(extents, target.strides, source.strides)
    names = INDEX_NAMES[: len(sizes)]
    body: tuple[str, ...] = (f"{target.element(names, to)} = {source.element(names, fro)};",)
    for name, size in reversed(list(zip(names, sizes, strict=True))):
        body = loop(name, size, body)
    return body


def copy_output(graph: Graph, position: int) -> Layer:
    """A copy into graph output ``position`` of a tensor that is an input, a constant, or another output as well."""
    tensor = graph.tensor(graph.outputs[position])
    number = max((op.index for op in graph.operators), default=-1) + 1 + position
    op = Operator(number, "COPY", (tensor.index,), (tensor.index,), Attributes())
    constants = () if tensor.data is None else (Constant("values", tensor.dtype, tensor.data, in_flash=False),)
    source = "input" if tensor.data is None else f"{layer_name(op)}_values"
    return Layer(
        operator=op,
        reads=() if constants else (tensor.index,),
        writes=(tensor.index,),
        body=strided_copy(Walk("output", (1,)), Walk(source, (1,)), (tensor.elements,)),
        constants=constants,
        copy_to=position,
    )
