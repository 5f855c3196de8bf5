"""The file that ``--io`` names: what the counts at the inputs and outputs mean.

    [input]                # [input0], [input1] ... where the model has several
    type = "uint16"        # of the array that the program passes
    unit = "1/32768"       # real value of one count: a number, a fraction, or a list with one for each element
    zero = 32768           # count whose real value is 0 [default: 0]

    [output]
    type = "int16"
    unit = [0.004, 0.004, 0.001]
    offset = 0.0           # in place of zero: real value of the count 0

The real value of a count is ``unit * (count - zero)``, or ``unit * count + offset``: on an input that which the net was
trained on, on an output that which the net gives. A port without a table keeps the type that it has in the model.
Numbers are taken as they are written: 0.1 is a tenth.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import IoFileError, UsageError, printable
from ..graph import DType
from ..ops.support import has_one_scale
from ..program import Port, Program

INPUT_TYPES = (DType.INT8, DType.UINT8, DType.INT16, DType.UINT16, DType.INT32, DType.UINT32)
OUTPUT_TYPES = (DType.INT8, DType.UINT8, DType.INT16, DType.UINT16)
KEYS = ("type", "unit", "zero", "offset")
LARGEST_FILE = 2**20
DIGITS = 30  # of a number, and its greatest power of ten


@dataclass(frozen=True)
class PortTable:
    """What the counts of one port mean: for each element ``real = unit * (count - zero)``."""

    dtype: DType
    unit: tuple[Fraction, ...]
    zero: tuple[Fraction, ...]


def read_tables(path: str | os.PathLike[str], program: Program) -> dict[str, PortTable]:
    """The tables of the file by the name of the model's port, such as ``input`` or ``output1``.

    Raises UsageError where the file cannot be read, IoFileError, naming the line or the key, where it is no TOML or
    does not fit the model.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"{printable(str(file))} cannot be read: {error.strerror}") from None
    name = printable(file.name)
    if len(data) > LARGEST_FILE:
        raise IoFileError(f"it is larger than {LARGEST_FILE} bytes", name)
    try:
        content = tomllib.loads(data.decode("utf-8"), parse_float=_decimal)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise IoFileError(f"line {line} is not in UTF-8", name) from None
    except ValueError as error:
        raise IoFileError(f"it is no TOML: {printable(str(error), 120)}", name) from None
    except RecursionError:
        raise IoFileError("it is no TOML: it is nested too deeply", name) from None
    ports = {port.name: port for port in (*program.inputs, *program.outputs)}
    known = ", ".join(f"[{port}]" for port in list(ports)[:8])
    if not content:
        raise IoFileError("it has no table", name, f"Give one of {known}.")
    for key in content:
        if key not in ports:
            raise IoFileError(f"there is no port of this name: the model has {known}", f"{name}, [{_key(key)}]")
    inputs = {port.name for port in program.inputs}
    return {
        key: _table(table, ports[key], INPUT_TYPES if key in inputs else OUTPUT_TYPES, f"{name}, [{key}]")
        for key, table in content.items()
    }


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent that Decimal does not hold
        return Decimal("Infinity")


def _key(key: str) -> str:
    return printable(key, 40) or '""'


def _table(table: Any, port: Port, types: Sequence[DType], where: str) -> PortTable:
    if not isinstance(table, dict):
        raise IoFileError(
            "it must be a table", where, f'Begin it with the line [{port.name}] and give "type" and "unit".'
        )
    for key in table:
        if key not in KEYS:
            raise IoFileError(f"the key is not known: there are {', '.join(KEYS)}", f"{where} {_key(key)}")
    for key in ("type", "unit"):
        if key not in table:
            raise IoFileError(f"the key {key} is missing", where)
    if "zero" in table and "offset" in table:
        raise IoFileError("zero and offset both say where 0 is", where, "Give one of them.")
    if not has_one_scale(port.tensor):
        raise IoFileError(f"{port.tensor} is {port.tensor.dtype.label} without a scale: it has no real value", where)
    count = port.tensor.elements
    unit = _numbers(table["unit"], count, f"{where} unit")
    for value in unit:
        if value <= 0:
            raise IoFileError(f"the real value of one count must be more than 0, not {value}", f"{where} unit")
    if "offset" in table:
        offset = _numbers(table["offset"], count, f"{where} offset")
        zero = tuple(-o / u for o, u in zip(offset, unit, strict=True))
    else:
        zero = _numbers(table.get("zero", 0), count, f"{where} zero")
    return PortTable(_type(table["type"], types, f"{where} type"), unit, zero)


def _type(value: Any, types: Sequence[DType], where: str) -> DType:
    found = next((t for t in types if t.label == value), None)
    if found is None:
        remedy = "All elements have the same: it is one array." if isinstance(value, list) else ""
        raise IoFileError(f"the type must be one of {', '.join(t.label for t in types)}", where, remedy)
    return found


def _numbers(value: Any, count: int, where: str) -> tuple[Fraction, ...]:
    """One number for each of ``count`` elements."""
    if not isinstance(value, list):
        return (_number(value, where),) * count
    if len(value) != count:
        raise IoFileError(f"{len(value)} values for {count} element{'s' if count > 1 else ''}", where)
    return tuple(_number(item, f"{where}[{position}]") for position, item in enumerate(value))


def _number(value: Any, where: str) -> Fraction:
    """An exact number from an integer, a decimal, or a fraction in a string."""
    if isinstance(value, str):
        parts = re.fullmatch(rf"(-?[0-9]{{1,{DIGITS}}})/([0-9]{{1,{DIGITS}}})", value)
        if parts is None:
            raise IoFileError(f'"{printable(value, 40)}" is no number, and no fraction such as "1/32768"', where)
        if not int(parts[2]):
            raise IoFileError(f'"{value}" divides by zero', where)
        return Fraction(int(parts[1]), int(parts[2]))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise IoFileError('it is neither a number nor a fraction such as "1/32768"', where)
    if isinstance(value, Decimal) and value.is_nan():
        raise IoFileError("it is not a number (nan)", where)
    if isinstance(value, Decimal) and value.is_finite():
        reachable = len(value.as_tuple().digits) <= DIGITS and abs(value.adjusted()) <= DIGITS
    else:
        reachable = isinstance(value, int) and abs(value) <= 10**DIGITS
    if not reachable:
        raise IoFileError(
            f"it is out of reach: {DIGITS} digits at most, and sizes from 1e-{DIGITS} to 1e{DIGITS}", where
        )
    return Fraction(value)
