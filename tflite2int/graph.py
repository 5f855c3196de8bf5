"""What the model means: tensors, scales, zero points, operators with typed attributes.

A ``Graph`` is immutable; a pass returns a new one. Nothing here knows the file format or the target.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from .attributes import Attributes
from .errors import MalformedModelError, printable

Array = npt.NDArray[Any]


class DType(Enum):
    """Element type of a tensor: its name, its numpy name ('' where numpy has none) and its bytes."""

    FLOAT32 = ("float32", "float32", 4)
    FLOAT16 = ("float16", "float16", 2)
    FLOAT64 = ("float64", "float64", 8)
    INT4 = ("int4", "", 1)
    INT8 = ("int8", "int8", 1)
    UINT8 = ("uint8", "uint8", 1)
    INT16 = ("int16", "int16", 2)
    UINT16 = ("uint16", "uint16", 2)
    INT32 = ("int32", "int32", 4)
    UINT32 = ("uint32", "uint32", 4)
    INT64 = ("int64", "int64", 8)
    UINT64 = ("uint64", "uint64", 8)
    BOOL = ("bool", "bool", 1)
    COMPLEX64 = ("complex64", "complex64", 8)
    COMPLEX128 = ("complex128", "complex128", 16)
    STRING = ("string", "", 0)
    RESOURCE = ("resource", "", 0)
    VARIANT = ("variant", "", 0)
    BFLOAT16 = ("bfloat16", "", 2)

    def __init__(self, label: str, numpy_name: str, size: int) -> None:
        self.label, self.numpy_name, self.size = label, numpy_name, size

    @property
    def numpy(self) -> np.dtype[Any]:
        """The little-endian numpy type. Raises TypeError for types that numpy does not have."""
        if not self.numpy_name:
            raise TypeError(f"numpy has no {self.label}")
        return np.dtype(self.numpy_name).newbyteorder("<")

    @property
    def is_float(self) -> bool:
        return self in (DType.FLOAT32, DType.FLOAT16, DType.FLOAT64, DType.BFLOAT16)

    @property
    def c(self) -> str:
        """The C type, for integer types."""
        return "uint8_t" if self is DType.BOOL else f"{self.label}_t"

    @property
    def limits(self) -> tuple[int, int]:
        """Lowest and highest value of an integer type."""
        info = np.iinfo(self.numpy)
        return int(info.min), int(info.max)


@dataclass(frozen=True)
class Quantization:
    """``real = scale * (q - zero_point)``: one scale, or one a slice of dimension ``axis``.

    ``scales`` are the exact float32 values of the file, held as Python floats.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        return self.zero_points[0]


@dataclass(frozen=True)
class Tensor:
    """A tensor of the file. ``data`` is set where the file (or a pass) knows the value: a constant."""

    index: int
    name: str
    dtype: DType
    shape: tuple[int, ...]
    quantization: Quantization | None = None
    data: Array | None = field(default=None, compare=False)
    variable: bool = False
    sparse: bool = False
    kept: tuple[int, ...] | None = None  # channels of the file's tensor that are left, where a pass removed some

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * self.dtype.size

    @property
    def constant(self) -> bool:
        return self.data is not None

    @property
    def scale(self) -> float:
        """The per-tensor scale. Raises MalformedModelError where there is none."""
        return self._quantized().scale

    @property
    def zero_point(self) -> int:
        """The per-tensor zero point. Raises MalformedModelError where there is none."""
        return self._quantized().zero_point

    def _quantized(self) -> Quantization:
        if self.quantization is None:
            raise MalformedModelError(
                f"{self} has no scale", remedy="Export the model again with full-integer quantization."
            )
        return self.quantization

    def value(self) -> Array:
        """The constant's value. Raises MalformedModelError where the tensor is not constant."""
        if self.data is None:
            raise MalformedModelError(f"{self} has no constant value")
        return self.data

    def __str__(self) -> str:
        return f'tensor {self.index} "{printable(self.name)}"'


@dataclass(frozen=True)
class Operator:
    """An operator of the file. ``inputs`` holds tensor indices, -1 for an optional input left out."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Attributes
    version: int = 1
    custom: bool = False

    def __str__(self) -> str:
        return f"operator {self.index} ({printable(self.kind)})"


@dataclass(frozen=True)
class Graph:
    """The main subgraph. ``tensors`` is indexed by tensor number; ``operators`` is in execution order."""

    name: str
    sha256: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    description: str = ""
    subgraphs: int = 1
    changes: tuple[str, ...] = ()  # what passes did, in words for the user

    def tensor(self, index: int) -> Tensor:
        return self.tensors[index]

    def operand(self, op: Operator, position: int) -> Tensor | None:
        """The tensor at an input position, None where it is left out."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return None
        return self.tensors[op.inputs[position]]

    def required(self, op: Operator, position: int) -> Tensor:
        """The tensor at an input position. Raises MalformedModelError where it is left out."""
        tensor = self.operand(op, position)
        if tensor is None:
            raise MalformedModelError(f"input {position} is missing", str(op))
        return tensor

    def result(self, op: Operator, position: int = 0) -> Tensor:
        """The tensor at an output position. Raises MalformedModelError where there is none."""
        if position >= len(op.outputs):
            raise MalformedModelError(f"output {position} is missing", str(op))
        return self.tensors[op.outputs[position]]

    def consumers(self, tensor: int) -> Iterator[Operator]:
        return (op for op in self.operators if tensor in op.inputs)

    def check(self) -> None:
        """Raise MalformedModelError unless indices are in range and every tensor is written before it is read, once."""
        known = {t.index for t in self.tensors if t.constant or t.variable} | set(self.inputs)
        for position, tensor in enumerate(self.tensors):
            if tensor.index != position:
                raise MalformedModelError(f"{tensor} stands at position {position}")
        for index in (*self.inputs, *self.outputs):
            if not 0 <= index < len(self.tensors):
                raise MalformedModelError(
                    f"graph input or output {index} is no tensor: the model has {len(self.tensors)}"
                )
        for op in self.operators:
            for index in op.inputs:
                if not -1 <= index < len(self.tensors):
                    raise MalformedModelError(
                        f"input tensor {index} does not exist: the model has {len(self.tensors)}", str(op)
                    )
                if index >= 0 and index not in known:
                    raise MalformedModelError(f"{self.tensors[index]} is read before any operator writes it", str(op))
            for index in op.outputs:
                if not 0 <= index < len(self.tensors):
                    raise MalformedModelError(
                        f"output tensor {index} does not exist: the model has {len(self.tensors)}", str(op)
                    )
                if index in known:
                    raise MalformedModelError(f"{self.tensors[index]} is written a second time", str(op))
                known.add(index)
        for index in self.outputs:
            if index not in known:
                raise MalformedModelError(f"the graph's output, {self.tensors[index]}, is written by no operator")
