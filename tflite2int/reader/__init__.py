"""Bytes of a .tflite file -> ``Graph``. The only package that knows FlatBuffers; nothing in a file is trusted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from ..attributes import Attributes
from ..errors import MalformedModelError, UsageError, printable
from ..graph import Graph, Operator, Tensor
from .flat import REMEDY, File, numbers, root, tables, text
from .options import enum_names, read_options
from .tensors import Buffers, read_tensor

_KINDS = enum_names(tflite.BuiltinOperator)
_CUSTOM = tflite.BuiltinOperator.CUSTOM
_MAX_VERSION = 50  # far above any operator's in TensorFlow 2.19
_MAX_FILE = 2**31 - 1  # FlatBuffers' own limit
_SCHEMA = 3
_BUILTIN_CODE = 10  # the field builtin_code of the table OperatorCode: 4 + 2 * its number


def read_model(path: str | os.PathLike[str]) -> Graph:
    """Read a .tflite file. The graph's name is the file's, without its suffix.

    Raises UsageError where there is no such file, and MalformedModelError like ``read_bytes``.
    """
    path = Path(path)
    where = printable(str(path), 200)
    try:
        if not path.is_file():
            what = "it is no regular file" if path.exists() else "there is no such file"
            raise UsageError(what, where, "Pass the path of a .tflite file.")
        if path.stat().st_size > _MAX_FILE:
            raise MalformedModelError("the file is 2 GiB or longer", where, REMEDY)
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"cannot read the file: {reason}", where, "Check the path and its permissions.") from None
    return read_bytes(data, path.stem)


def read_bytes(data: bytes, name: str) -> Graph:
    """Read the bytes of a .tflite file: its subgraph 0.

    Constants are read-only views of ``data``. Raises MalformedModelError where anything is out of range or
    contradicts itself.
    """
    file = File(data)
    model = root(file, tflite.Model())
    if model.Version() != _SCHEMA:
        raise MalformedModelError(
            f"the file's schema version is {model.Version()}, not {_SCHEMA}", remedy="Export with TensorFlow 2.19."
        )
    subgraphs = tables(file, model.SubgraphsLength, model.Subgraphs, "the list of subgraphs")
    if not subgraphs:
        raise MalformedModelError("the model has no subgraph", remedy=REMEDY)
    main = subgraphs[0]
    buffers = Buffers(file, tables(file, model.BuffersLength, model.Buffers, "the list of buffers"))
    tensors = tables(file, main.TensorsLength, main.Tensors, "the list of tensors")
    codes = tables(file, model.OperatorCodesLength, model.OperatorCodes, "the list of operator codes")
    steps = tables(file, main.OperatorsLength, main.Operators, "the list of operators")
    operators = tuple(_operator(file, o, i, codes) for i, o in enumerate(steps))
    inputs, outputs = tuple(numbers(main.InputsAsNumpy())), tuple(numbers(main.OutputsAsNumpy()))
    if not outputs:
        raise MalformedModelError("the model has no output", remedy=REMEDY)
    if len(set(inputs)) < len(inputs):
        raise MalformedModelError("the model's inputs name a tensor twice", remedy=REMEDY)
    graph = Graph(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        tensors=_settle([read_tensor(file, t, i, buffers) for i, t in enumerate(tensors)], operators, inputs),
        operators=operators,
        inputs=inputs,
        outputs=outputs,
        description=text(model.Description()),
        subgraphs=len(subgraphs),
    )
    graph.check()
    return graph


def _settle(tensors: list[Tensor], operators: Sequence[Operator], inputs: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Say what those tensors are that have no bytes in the file and that no operator writes.

    One without elements is a constant (the new shape of a RESHAPE to a scalar). One that custom operators alone read
    is their own scratch memory, which is the nearest to a variable.
    """
    written = set(inputs).union(*(op.outputs for op in operators))
    read = set[int]().union(*(op.inputs for op in operators if not op.custom))
    scratch = set[int]().union(*(op.inputs for op in operators if op.custom)) - read
    settled = list(tensors)
    for tensor in tensors:
        if tensor.constant or tensor.index in written:
            continue
        if not tensor.elements and tensor.dtype.numpy_name:
            settled[tensor.index] = replace(tensor, data=np.empty(tensor.shape, tensor.dtype.numpy))
        elif tensor.index in scratch:
            settled[tensor.index] = replace(tensor, variable=True)
    return tuple(settled)


def _operator(file: File, accessor: Any, index: int, codes: list[Any]) -> Operator:
    where = f"operator {index}"
    try:
        opcode = accessor.OpcodeIndex()
        if opcode >= len(codes):
            raise MalformedModelError(f"operator code {opcode} does not exist: the model has {len(codes)}")
        kind, custom = _kind(codes[opcode])
        where = f"operator {index} ({printable(kind)})"
        version = codes[opcode].Version()
        if not 1 <= version <= _MAX_VERSION:
            raise MalformedModelError(f"version {version} is unknown", remedy="Export with TensorFlow 2.19.")
        return Operator(
            index=index,
            kind=kind,
            inputs=tuple(numbers(accessor.InputsAsNumpy())),
            outputs=tuple(numbers(accessor.OutputsAsNumpy())),
            attributes=Attributes() if custom else read_options(file, accessor, kind),
            version=version,
            custom=custom,
        )
    except MalformedModelError as error:
        raise MalformedModelError(error.what, where, error.remedy or REMEDY) from None


def _kind(code: Any) -> tuple[str, bool]:
    """Name of an operator code, and whether it is a custom one."""
    # The old field is a byte; of the two the larger holds (tflite/schema/schema_utils.cc). The package's BuiltinCode()
    # returns the old one wherever the new one is below 127.
    builtin = max(code._tab.int32(_BUILTIN_CODE), code.DeprecatedBuiltinCode())
    if builtin == _CUSTOM:
        name = text(code.CustomCode())
        if not name:
            raise MalformedModelError("it is a custom operator without a name")
        return name, True
    if builtin not in _KINDS:
        raise MalformedModelError(f"the builtin code {builtin} is unknown", remedy="Export with TensorFlow 2.19.")
    return _KINDS[builtin], False
