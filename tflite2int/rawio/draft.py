"""A program in the making: the layers of the model, with others before, behind and in place of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..attributes import Attributes
from ..graph import DType, Operator, Quantization, Tensor
from ..lowering import complete
from ..program import Constant, Counts, Layer, Port, Program
from .text import Tables


class Draft:
    """Collects tensors, layers and ports; ``finish`` makes the program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tensors = list(program.graph.tensors)
        self.before: list[Layer] = []
        self.layers = [layer for layer in program.layers if layer.copy_to < 0]
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.counts: list[Counts] = []
        self.tables: Tables = {}

    def tensor(
        self, name: str, dtype: DType, shape: tuple[int, ...], quantization: Quantization | None = None
    ) -> Tensor:
        """A tensor that the model does not have."""
        made = Tensor(len(self.tensors), name, dtype, shape, quantization)
        self.tensors.append(made)
        return made

    def writer(self, tensor: Tensor) -> Layer | None:
        """The layer that computes the bytes of a tensor of the model."""
        root = self.program.storage.get(tensor.index)
        return next((layer for layer in self.layers if root in layer.writes), None)

    def finish(self, function: str) -> Program:
        """Drop layers of the model whose results nobody reads, and place every buffer."""
        graph = replace(
            self.program.graph,
            tensors=tuple(self.tensors),
            inputs=tuple(port.tensor.index for port in self.inputs),
            outputs=tuple(port.tensor.index for port in self.outputs),
        )
        storage = self.program.storage | {t.index: t.index for t in self.tensors[len(self.program.graph.tensors) :]}
        needed = {storage.get(index) for index in graph.outputs}
        kept: list[Layer] = []
        for layer in reversed([*self.before, *self.layers]):
            if layer.added or needed.intersection(layer.writes):
                kept.append(layer)
                needed.update(storage[index] for index in layer.reads)
        written = {index for layer in kept for index in layer.writes} | set(graph.inputs)
        return complete(
            replace(
                self.program,
                graph=graph,
                layers=tuple(reversed(kept)),
                inputs=tuple(self.inputs),
                outputs=tuple(self.outputs),
                storage={index: root for index, root in storage.items() if root in written},
                offsets={},
                lifetimes={},
                arena_size=0,
                function=function,
            )
        )


def added_layer(
    name: str,
    about: Iterable[str],
    reads: tuple[Tensor, ...],
    writes: tuple[Tensor, ...],
    body: Iterable[str],
    kernels: tuple[str, ...] = (),
    constants: tuple[Constant, ...] = (),
    result: str = "",
) -> Layer:
    """A layer that is no operator of the model."""
    ins, outs = (tuple(t.index for t in tensors) for tensors in (reads, writes))
    return Layer(
        operator=Operator(-1, name.upper(), ins, outs, Attributes()),
        reads=ins,
        writes=outs,
        body=tuple(body),
        kernels=kernels,
        constants=constants,
        added=name,
        about=tuple(about),
        result=result,
    )
