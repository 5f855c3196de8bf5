"""Checked access to a FlatBuffers file.

The generated accessors of the ``tflite`` package know each field's slot, type and default, but they trust the file.
They reach its bytes through ``_tab`` alone: ``open_table`` puts a ``Table`` there that checks every access.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MalformedModelError
from ..graph import Array

_U16, _I32, _U32 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")
_TABLE_COST = 64  # what a table costs in bytes read: about an object in memory
REMEDY = "Export or copy the model again."


class File:
    """The bytes of a model, and how much work reading them may still cost.

    Tables and vectors may share bytes, so a small file can describe a huge model. Converters share next to nothing
    but int4 constants double when they are unpacked; four times the file's size bounds time and memory for all others.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._allowance = 4 * len(data) + 65536

    def check(self, start: int, size: int, what: str) -> None:
        """Raise MalformedModelError unless ``size`` bytes from ``start`` lie inside the file."""
        if start < 0 or size < 0 or start + size > len(self.data):
            raise MalformedModelError(
                f"{what} at byte {start} lies outside the file's {len(self.data)} bytes: it is cut off or corrupted",
                remedy=REMEDY,
            )

    def spend(self, cost: int) -> None:
        """Raise MalformedModelError where the file describes far more than it holds."""
        self._allowance -= cost
        if self._allowance < 0:
            raise MalformedModelError(
                f"the file's {len(self.data)} bytes are referred to over and over: it is corrupted", remedy=REMEDY
            )

    def number(self, form: struct.Struct, start: int, what: str) -> int:
        self.check(start, form.size, what)
        return int(form.unpack_from(self.data, start)[0])

    def target(self, start: int, what: str) -> int:
        """The position that the 32-bit offset at ``start`` leads to; at least four bytes follow it."""
        position = start + self.number(_U32, start, what)
        self.check(position, 4, what)
        return position

    def elements(self, start: int, what: str) -> tuple[int, int]:
        """First element's position and number of elements of the vector that the offset at ``start`` leads to."""
        position = self.target(start, what)
        return position + 4, self.number(_U32, position, what)


class Table:
    """Takes the place of ``flatbuffers.table.Table``: the same methods, each of them checked.

    Raises MalformedModelError from the constructor and from every method.
    """

    def __init__(self, file: File, position: int) -> None:
        file.spend(_TABLE_COST)
        self._file, self.Bytes, self.Pos = file, file.data, position
        self._vtable = position - file.number(_I32, position, "a table")
        self._vtable_size = file.number(_U16, self._vtable, "a table's field list")
        self._size = file.number(_U16, self._vtable + 2, "a table's field list")
        file.check(self._vtable, self._vtable_size, "a table's field list")
        file.check(position, self._size, "a table")
        if self._vtable_size < 4 or self._vtable_size % 2:
            raise MalformedModelError(f"the table at byte {position} is corrupted", remedy=REMEDY)

    def Offset(self, slot: int) -> int:
        if slot >= self._vtable_size:
            return 0
        offset = self._file.number(_U16, self._vtable + slot, "a field")
        if offset and not 4 <= offset < self._size:
            raise MalformedModelError(f"a field of the table at byte {self.Pos} lies outside it", remedy=REMEDY)
        return offset

    def Get(self, flags: Any, position: int) -> Any:
        self._file.check(position, flags.bytewidth, "a number")
        return flags.py_type(flags.packer_type.unpack_from(self.Bytes, position)[0])

    def int32(self, slot: int) -> int:
        """A 32-bit field, 0 where it is absent: for what no generated accessor returns as the file has it."""
        offset = self.Offset(slot)
        return self._file.number(_I32, self.Pos + offset, "a number") if offset else 0

    def Indirect(self, position: int) -> int:
        return self._file.target(position, "a table")

    def Union(self, table: Any, offset: int) -> None:
        table.Bytes, table.Pos = self.Bytes, self._file.target(self.Pos + offset, "a table")

    def String(self, position: int) -> bytes:
        start, length = self._file.elements(position, "a string")
        self._file.check(start, length, "a string")
        self._file.spend(length)
        return self.Bytes[start : start + length]

    def Vector(self, offset: int) -> int:
        return self._file.elements(self.Pos + offset, "a vector")[0]

    def VectorLen(self, offset: int) -> int:
        return self._file.elements(self.Pos + offset, "a vector")[1]

    def GetVectorAsNumpy(self, flags: Any, offset: int) -> Array:
        start, length = self._file.elements(self.Pos + offset, "a vector")
        self._file.check(start, length * flags.bytewidth, "a vector")
        self._file.spend(length * flags.bytewidth)
        return np.frombuffer(self.Bytes, np.dtype(flags.name).newbyteorder("<"), length, start)


def open_table(file: File, accessor: Any, position: int) -> Any:
    """Return ``accessor``, an object of one of the generated classes, set to the table at ``position``."""
    accessor._tab = Table(file, position)
    return accessor


def reopen(file: File, accessor: Any) -> Any:
    """Return a generated accessor's own child with checked access, None where it is absent."""
    return None if accessor is None else open_table(file, accessor, accessor._tab.Pos)


def tables(file: File, length: Callable[[], int], child: Callable[[int], Any], what: str) -> list[Any]:
    """All tables of a vector, with checked access. ``length`` and ``child`` are the parent's generated accessors."""
    count = length()
    if 4 * count > len(file.data):
        raise MalformedModelError(f"{what} claims {count} entries: the file is corrupted", remedy=REMEDY)
    return [reopen(file, child(i)) for i in range(count)]


def root(file: File, accessor: Any) -> Any:
    """Return ``accessor`` set to the root table of a file with the identifier TFL3."""
    if not file.data:
        raise MalformedModelError("the file is empty", remedy=REMEDY)
    if file.data[4:8] != b"TFL3":
        raise MalformedModelError(
            "the file is no TensorFlow Lite model: it lacks the identifier TFL3", remedy="Pass a .tflite file."
        )
    return open_table(file, accessor, file.target(0, "the root table"))


def numbers(vector: Any) -> list[Any]:
    """Python numbers of what a generated ``...AsNumpy()`` returned: an array, or 0 where the vector is absent."""
    return [] if isinstance(vector, int) else list(vector.tolist())


def text(string: bytes | None) -> str:
    """A string of the file. It may hold anything: print it through ``errors.printable`` only."""
    return (string or b"").decode("utf-8", errors="replace")
