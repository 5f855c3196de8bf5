"""Tensors of the file: shape, element type, quantization and constant value, each of them checked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import MalformedModelError, printable
from ..graph import Array, DType, Quantization, Tensor
from .flat import REMEDY, File, numbers, reopen, text
from .options import dtype_of

_MAX_RANK = 32  # of a numpy array; the reference kernels stop at 6 or 8
_MAX_ELEMENTS = 2**31 - 1
_SMALLEST_SCALE = 2.0**-126  # the smallest float32 that is not denormal
_QUANTIZE_AGAIN = "Export the model again with full-integer quantization."


class Buffers:
    """The constant data of the file, by buffer number."""

    def __init__(self, file: File, buffers: list[Any]) -> None:
        self._file, self._buffers = file, buffers
        self._read: dict[int, Array] = {}

    def __getitem__(self, index: int) -> Array:
        """The buffer's bytes, a view of the file; none where the buffer is empty. Raises MalformedModelError."""
        if index >= len(self._buffers):
            raise MalformedModelError(
                f"buffer {index} does not exist: the model has {len(self._buffers)}", remedy=REMEDY
            )
        if index not in self._read:
            self._read[index] = self._bytes(self._buffers[index])
        return self._read[index]

    def _bytes(self, buffer: Any) -> Array:
        if not buffer.DataIsNone():
            return np.asarray(buffer.DataAsNumpy())
        if buffer.Offset() > 1:  # data behind the FlatBuffers part of the file
            self._file.check(buffer.Offset(), buffer.Size(), "a buffer")
            return np.frombuffer(self._file.data, np.uint8)[buffer.Offset() : buffer.Offset() + buffer.Size()]
        return np.empty(0, np.uint8)


def read_tensor(file: File, accessor: Any, index: int, buffers: Buffers) -> Tensor:
    """The tensor behind a generated accessor. Raises MalformedModelError, which names the tensor."""
    name = text(accessor.Name())
    try:
        shape = _shape(numbers(accessor.ShapeAsNumpy()))
        dtype = dtype_of(accessor.Type())
        sparse = accessor.Sparsity() is not None
        raw = buffers[accessor.Buffer()]
        if raw.size and accessor.IsVariable():
            raise MalformedModelError("it is a variable and has a constant value", remedy=REMEDY)
        data = _constant(file, raw, dtype, shape, sparse) if raw.size else None
        return Tensor(
            index=index,
            name=name,
            dtype=dtype,
            shape=shape,
            quantization=_quantization(file, accessor.Quantization(), dtype, shape, raw),
            data=data,
            variable=accessor.IsVariable(),
            sparse=sparse,
        )
    except MalformedModelError as error:
        raise MalformedModelError(error.what, f'tensor {index} "{printable(name)}"', error.remedy) from None


def _shape(dims: list[int]) -> tuple[int, ...]:
    if len(dims) > _MAX_RANK:
        raise MalformedModelError(f"its shape has {len(dims)} dimensions", remedy=REMEDY)
    if any(d < 0 for d in dims):
        raise MalformedModelError(f"its shape {dims} has a negative dimension", remedy="Export with fixed shapes.")
    if math.prod(d for d in dims if d) > _MAX_ELEMENTS:  # numpy bounds an empty array's other dimensions too
        raise MalformedModelError(f"its shape {dims} has more than 2^31 elements", remedy=REMEDY)
    return tuple(dims)


def _constant(file: File, raw: Array, dtype: DType, shape: tuple[int, ...], sparse: bool) -> Array:
    """The constant's value in ``shape``, one int8 for each INT4; the file's bytes where numpy has no such value."""
    count = math.prod(shape)
    if sparse or (not dtype.numpy_name and dtype is not DType.INT4):
        return raw
    size = (count + 1) // 2 if dtype is DType.INT4 else count * dtype.size
    if raw.size != size:
        raise MalformedModelError(
            f"{dtype.label}{list(shape)} takes {size} bytes but its buffer holds {raw.size}", remedy=REMEDY
        )
    if dtype is DType.INT4:
        file.spend(count)
        return _unpack_int4(raw)[:count].reshape(shape)
    if dtype is DType.BOOL:
        file.spend(count)
        if count and raw.max() > 1:
            raise MalformedModelError(f"its boolean value {raw.max()} is neither 0 nor 1", remedy=REMEDY)
    return raw.view(dtype.numpy).reshape(shape)


def _unpack_int4(raw: Array) -> Array:
    """Signed 4-bit values, the first in the low half of a byte (TensorFlow Lite's UnpackDenseInt4IntoInt8)."""
    low, high = (raw << 4).view(np.int8) >> 4, raw.view(np.int8) >> 4
    return np.stack((low, high), axis=1).reshape(-1)


def _quantization(file: File, child: Any, dtype: DType, shape: tuple[int, ...], raw: Array) -> Quantization | None:
    """None where the table has no scale: a range of real values alone says nothing about integers."""
    accessor = reopen(file, child)
    scales: list[float] = [] if accessor is None else numbers(accessor.ScaleAsNumpy())
    if not scales:
        return None
    if scales == [0.0] and raw.size:
        file.spend(raw.size)
        if not raw.any():
            return None  # the converter's scale of a constant that is all zeros; who needs a scale then finds none
    for scale in scales:
        if not _SMALLEST_SCALE <= scale < math.inf:
            raise MalformedModelError(f"its scale {scale:g} is not a positive, normal number", remedy=_QUANTIZE_AGAIN)
    zero_points: list[int] = numbers(accessor.ZeroPointAsNumpy()) or [0]
    if len(zero_points) not in (1, len(scales)):
        raise MalformedModelError(
            f"it has {len(scales)} scales but {len(zero_points)} zero points", remedy=_QUANTIZE_AGAIN
        )
    low, high = _limits(dtype)
    for zero_point in zero_points:
        if not low <= zero_point <= high:
            raise MalformedModelError(
                f"its zero point {zero_point} is outside {dtype.label}'s {low} to {high}", remedy=_QUANTIZE_AGAIN
            )
    if len(zero_points) == 1:
        zero_points *= len(scales)
    axis = _axis(accessor.QuantizedDimension(), len(scales), dtype, shape)
    return Quantization(tuple(scales), tuple(zero_points), axis)


def _axis(axis: int, count: int, dtype: DType, shape: tuple[int, ...]) -> int:
    if count == 1:
        return 0
    if not 0 <= axis < len(shape) and dtype in (DType.INT32, DType.INT64) and len(shape) == 1:
        axis = 0  # old converters give a bias its weights' axis; the kernels read a bias's scales by channel
    if not 0 <= axis < len(shape):
        raise MalformedModelError(f"its quantized dimension {axis} is none of its {len(shape)}", remedy=REMEDY)
    if shape[axis] != count:
        raise MalformedModelError(
            f"it has {count} scales for {shape[axis]} slices of dimension {axis}", remedy=_QUANTIZE_AGAIN
        )
    return axis


def _limits(dtype: DType) -> tuple[int, int]:
    if dtype is DType.INT4:
        return -8, 7
    if dtype.numpy_name and np.issubdtype(dtype.numpy, np.integer):
        return dtype.limits
    return -(2**63), 2**63 - 1
