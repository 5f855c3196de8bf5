"""Writes small .tflite files with FlatBuffers' own builder, right or wrong as a test wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import tflite

Options = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Quantized:
    """A quantization table; ``None`` leaves a vector out."""

    scale: Sequence[float] | None = (0.5,)
    zero_point: Sequence[int] | None = (0,)
    axis: int = 0
    min: Sequence[float] | None = None


@dataclass(frozen=True)
class TensorSpec:
    """A tensor: ``data`` is its buffer, None for the empty buffer 0; ``buffer`` overrides the buffer's number."""

    shape: Sequence[int] | None = (4,)
    type: int = tflite.TensorType.INT8
    data: bytes | None = None
    quantization: Quantized | None = None
    buffer: int | None = None
    variable: bool = False
    sparse: bool = False
    name: bytes | None = b"tensor"


@dataclass(frozen=True)
class OperatorSpec:
    """An operator: ``options`` is the generated class's name without "Options" and its fields.

    ``union`` overrides the type that the file claims for them. ``old`` and ``new`` are the
    older and the newer field of the code, where they differ from what a converter writes.
    """

    code: int
    inputs: Sequence[int] = (0,)
    outputs: Sequence[int] = (1,)
    options: Options | None = None
    union: int | None = None
    version: int = 1
    custom: str | None = None
    opcode: int | None = None
    old: int | None = None
    new: int | None = None


@dataclass(frozen=True)
class ModelSpec:
    """A model. ``external`` maps a tensor's number to bytes that stand behind the FlatBuffers part of the file."""

    tensors: Sequence[TensorSpec]
    operators: Sequence[OperatorSpec] = ()
    inputs: Sequence[int] = (0,)
    outputs: Sequence[int] = (1,)
    version: int = 3
    subgraphs: int = 1
    external: Mapping[int, bytes] = field(default_factory=dict)


def _table(builder: Any, name: str, **fields: Any) -> int:
    getattr(tflite, f"{name}Start")(builder)
    for key, value in fields.items():
        if value is not None:
            getattr(tflite, f"{name}Add{key}")(builder, value)
    return int(getattr(tflite, f"{name}End")(builder))


def _vector(builder: Any, values: Sequence[float] | None, dtype: str) -> int | None:
    return None if values is None else int(builder.CreateNumpyVector(np.array(values, dtype)))


def _tables(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _tensor(builder: Any, spec: TensorSpec, buffer: int) -> int:
    quantization = None
    if spec.quantization is not None:
        q = spec.quantization
        quantization = _table(
            builder,
            "QuantizationParameters",
            Min=_vector(builder, q.min, "<f4"),
            Scale=_vector(builder, q.scale, "<f4"),
            ZeroPoint=_vector(builder, q.zero_point, "<i8"),
            QuantizedDimension=q.axis,
        )
    return _table(
        builder,
        "Tensor",
        Shape=_vector(builder, spec.shape, "<i4"),
        Type=spec.type,
        Buffer=buffer,
        Name=None if spec.name is None else builder.CreateString(spec.name),
        Quantization=quantization,
        IsVariable=spec.variable,
        Sparsity=_table(builder, "SparsityParameters") if spec.sparse else None,
    )


def _operator(builder: Any, spec: OperatorSpec, number: int) -> int:
    options, union = None, spec.union
    if spec.options is not None:
        name = f"{spec.options[0]}Options"
        fields = {k: _vector(builder, v, "<i4") if isinstance(v, list) else v for k, v in spec.options[1].items()}
        options = _table(builder, name, **fields)
        union = getattr(tflite.BuiltinOptions, name) if union is None else union
    return _table(
        builder,
        "Operator",
        OpcodeIndex=number if spec.opcode is None else spec.opcode,
        Inputs=_vector(builder, spec.inputs, "<i4"),
        Outputs=_vector(builder, spec.outputs, "<i4"),
        BuiltinOptionsType=union,
        BuiltinOptions=options,
    )


def _code(builder: Any, spec: OperatorSpec) -> int:
    custom = None if spec.custom is None else builder.CreateString(spec.custom)
    return _table(
        builder,
        "OperatorCode",
        DeprecatedBuiltinCode=min(spec.code, 127) if spec.old is None else spec.old,
        CustomCode=custom,
        Version=spec.version,
        BuiltinCode=spec.code if spec.new is None else spec.new,
    )


def one_operator(spec: OperatorSpec) -> bytes:
    """The bytes of a model with that operator alone, from tensor 0 to tensor 1."""
    return build(ModelSpec([TensorSpec(), TensorSpec()], [spec]))


def build(spec: ModelSpec) -> bytes:
    """The bytes of a .tflite file. Each tensor with data has a buffer of its own; the same ``TensorSpec`` object
    standing twice in the list stands in the file once, with two references to it.
    """
    size = 0
    if spec.external:  # every position is as wide, so a first build tells where the second one's data stand
        size = len(_build(spec, 2**40))
    return _build(spec, size) + b"".join(spec.external.values())


def _build(spec: ModelSpec, start: int) -> bytes:
    builder = flatbuffers.Builder(1024)
    buffers = [_table(builder, "Buffer")]
    tensors: dict[int, int] = {}
    for index, tensor in enumerate(spec.tensors):
        if id(tensor) in tensors:
            continue
        number = 0
        if index in spec.external:
            size = len(spec.external[index])
            number = len(buffers)
            buffers.append(_table(builder, "Buffer", Offset=start, Size=size))
            start += size
        elif tensor.data is not None:
            number = len(buffers)
            data = builder.CreateByteVector(tensor.data)
            buffers.append(_table(builder, "Buffer", Data=data))
        tensors[id(tensor)] = _tensor(builder, tensor, number if tensor.buffer is None else tensor.buffer)
    main = _table(
        builder,
        "SubGraph",
        Tensors=_tables(builder, [tensors[id(t)] for t in spec.tensors]),
        Inputs=_vector(builder, spec.inputs, "<i4"),
        Outputs=_vector(builder, spec.outputs, "<i4"),
        Operators=_tables(builder, [_operator(builder, o, i) for i, o in enumerate(spec.operators)]),
    )
    model = _table(
        builder,
        "Model",
        Version=spec.version,
        OperatorCodes=_tables(builder, [_code(builder, o) for o in spec.operators]),
        Subgraphs=_tables(builder, [main] * spec.subgraphs),
        Buffers=_tables(builder, buffers),
    )
    builder.Finish(model, b"TFL3")
    return bytes(builder.Output())
