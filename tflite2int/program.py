"""What the machine does: layer functions, their constants, where each buffer lies. Nothing here knows float.

A ``Layer`` becomes one C function; a ``Program`` becomes one C file. Both are immutable.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .graph import Array, DType, Graph, Operator, Tensor


@dataclass(frozen=True)
class Constant:
    """A table of the layer, emitted as ``static const`` array ``LAYER_NAME``.

    ``in_flash`` tables are read through pointers to flash (a separate address space on AVR); the others may be passed
    wherever a kernel takes a tensor.
    """

    name: str
    dtype: DType
    values: Array
    comment: str = ""
    in_flash: bool = True

    @property
    def bytes(self) -> int:
        return int(self.values.size) * self.dtype.size


@dataclass(frozen=True)
class Parameters:
    """The struct literal that a kernel takes: its C type, and rows of C expressions, each with a comment."""

    type: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Linear:
    """A rescale of sums, without their bias, that equals gemmlowp's over the proved accumulator and takes no 64 bits.

    ``steps = (sum * multiplier >> 16) + offset``, less ``below`` where ``steps < middle``; then ``steps >> shift``, and
    the clamp. ``offset`` holds the bias, the zero points and the rounding of each channel; ``multiplier`` and ``below``
    have one entry or one a channel, ``below`` none where nothing is taken off.
    """

    multiplier: tuple[int, ...]
    offset: tuple[int, ...]
    below: tuple[int, ...]
    shift: int
    middle: int

    @property
    def tables(self) -> tuple[tuple[int, ...], ...]:
        return self.multiplier, self.offset, self.below


@dataclass(frozen=True)
class Rescale:
    """One requantization, for the audit: real multipliers and their gemmlowp form, one entry or one a channel.

    ``accumulator`` is the proved interval of the value that is rescaled, over all inputs the types admit. ``linear`` is
    the form that the C code has in place of gemmlowp's, if any.
    """

    name: str
    real: tuple[float, ...]
    multiplier: tuple[int, ...]
    shift: tuple[int, ...]
    accumulator: tuple[tuple[int, int], ...] = ()
    linear: Linear | None = None


@dataclass(frozen=True)
class Layer:
    """One operator as a C function: ``static void NAME(const T *input..., T *output...) { body }``.

    ``reads`` and ``writes`` are tensor numbers in the order of the function's parameters (constants are no parameters;
    they are the layer's own tables). ``elementwise`` lists the (read, write) pairs where output element i is written
    after input element i is read for the last time, in increasing order: there the output may take the input's place.
    ``rows`` is set where one input becomes one output row by row, and says of each row in turn from which input element
    on it and the later ones read, and how many output elements have been written at its end: there the output may slide
    into what is read no more.
    """

    operator: Operator
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    body: tuple[str, ...]
    kernels: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()
    parameters: Parameters | None = None
    elementwise: tuple[tuple[int, int], ...] = ()
    rows: tuple[tuple[int, int], ...] = ()
    macs: int = 0
    weight_bytes: int = 0
    rescales: tuple[Rescale, ...] = ()
    clamp: tuple[int, int] | None = None
    table: Array | None = field(default=None, compare=False)  # of results, from the lowest input on
    suffix: str = ""  # set where an operator needs a second function
    copy_to: int = -1  # position of the graph output that this layer fills with a copy of a tensor
    added: str = ""  # C name of a layer that is no operator of the model
    about: tuple[str, ...] = ()  # the comment over it, in place of the operator's
    result: str = ""  # C type of what it returns, and the program with it

    @property
    def sharing(self) -> tuple[tuple[int, int], ...]:
        """The (read, write) pairs of which the output may lie in bytes of an input that nobody reads later."""
        return tuple(zip(self.reads, self.writes, strict=True)) if self.rows else self.elementwise

    @property
    def slack(self) -> int:
        """How many elements such an output must begin below its input."""
        return max((written - read for read, written in self.rows), default=0)

    @property
    def name(self) -> str:
        return self.added or layer_name(self.operator) + self.suffix


@dataclass(frozen=True)
class View:
    """An operator that only renames: ``output`` holds the very bytes of ``input``."""

    input: int
    output: int


@dataclass(frozen=True)
class Port:
    """An input or output of the generated function."""

    name: str
    tensor: Tensor


@dataclass(frozen=True)
class Program:
    """All layers in order, the tensors that lie in the arena with their byte offsets, and the ports.

    ``storage`` maps every activation tensor to the one whose bytes it shares (itself unless it is a view).
    """

    name: str
    graph: Graph
    layers: tuple[Layer, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    storage: dict[int, int]
    offsets: dict[int, int] = field(default_factory=dict)
    lifetimes: dict[int, tuple[int, int]] = field(default_factory=dict)
    arena_size: int = 0
    function: str = "predict"  # NAME_predict is its C function

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    def overlap(self, layer: Layer) -> bool:
        """Whether an output of the layer has bytes of the arena in common with one of its inputs."""
        places = [
            [(self.offsets[key], self.graph.tensor(key).bytes) for key in keys if key in self.offsets]
            for keys in ([self.storage[i] for i in layer.reads], layer.writes)
        ]
        return any(a < b + size_b and b < a + size_a for a, size_a in places[0] for b, size_b in places[1])

    @property
    def result(self) -> str:
        """C type of what the function returns, empty for nothing."""
        return next((layer.result for layer in self.layers if layer.result), "")

    @property
    def constant_bytes(self) -> int:
        return sum(c.bytes for layer in self.layers for c in layer.constants)

    @property
    def weight_bytes(self) -> int:
        return sum(layer.weight_bytes for layer in self.layers)


@dataclass(frozen=True)
class Counts:
    """An input or output of an ``Entry``: its C type and size, and what a count means.

    ``error``: how far the fixed-point arithmetic between it and the network is from the exact value at most, in
    counts of the side that is computed; None where nothing is computed. ``exact``: every value is the nearest.
    """

    name: str
    type: str
    meaning: str
    error: float | None = None
    exact: bool = True


@dataclass(frozen=True)
class Entry:
    """A second C function beside NAME_predict: the same model between other inputs and outputs.

    Layers of the same name are the same in both programs, and so are the first tensors of both graphs. ``about``: the
    lines of its comment in the header.
    """

    program: Program
    about: tuple[str, ...]
    counts: tuple[Counts, ...]


def programs(program: Program, entry: Entry | None) -> tuple[Program, ...]:
    """All C functions of a conversion."""
    return (program,) if entry is None else (program, entry.program)


def layer_name(op: Operator) -> str:
    """The C name of an operator's layer function, such as ``conv_2d_3``."""
    return f"{op.kind.lower()}_{op.index}"


def parameter_names(stem: str, count: int) -> list[str]:
    """C names of ``count`` inputs or outputs: ``input``, or ``input0``, ``input1``, ..."""
    return [stem] if count == 1 else [f"{stem}{i}" for i in range(count)]
