"""The second C function: the model between raw counts, counts of a physical unit, and class numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from ..emit.text import shape_text
from ..errors import IoFileError, UsageError, printable
from ..graph import Tensor
from ..program import Counts, Entry, Layer, Port, Program, parameter_names
from .argmax import add_argmax
from .draft import Draft, added_layer
from .maps import AffineMap, FixedPointMap, fit
from .text import MapText, accuracy, as_comment, map_text, meaning, told
from .toml import PortTable, read_tables
from .wide import add_wide

OUTPUTS = ("wide", "argmax", "argmax+margin")


def build_entry(program: Program, io: str | os.PathLike[str] | None, output: str | None) -> Entry:
    """NAME_predict_raw, or, where ``output`` is argmax or argmax+margin, NAME_predict_class.

    Raises UsageError for an unknown output or one that the model or the file does not allow, IoFileError and UsageError
    as ``read_tables`` does.
    """
    if output is not None and output not in OUTPUTS:
        raise UsageError(f"there is no output {printable(output)}", remedy=f"It is one of: {', '.join(OUTPUTS)}.")
    tables = read_tables(io, program) if io is not None else {}
    file = "" if io is None else printable(Path(io).name)
    draft = Draft(program)
    for port, name in zip(program.inputs, parameter_names("raw", len(program.inputs)), strict=True):
        _read(draft, port, name, tables.get(port.name), f"{file}, [{port.name}]")
    if output is not None and output.startswith("argmax"):
        for port in program.outputs:
            if port.name in tables:
                raise IoFileError("with argmax the output is a class number: it has no unit", f"{file}, [{port.name}]")
        add_argmax(draft, with_margin=output.endswith("margin"))
        return _entry(draft, "predict_class")
    if output == "wide" and not any(port.name in tables for port in program.outputs):
        raise UsageError("the output wide needs to know the unit", remedy="Give --io a file with a table [output].")
    for port, name in zip(program.outputs, parameter_names("counts", len(program.outputs)), strict=True):
        table, where = tables.get(port.name), f"{file}, [{port.name}]"
        if table is not None and output == "wide":
            add_wide(draft, port, name, table, where)
        else:
            _write(draft, port, name, table, where)
    return _entry(draft, "predict_raw")


def _read(draft: Draft, port: Port, name: str, table: PortTable | None, where: str) -> None:
    """A layer from raw counts to the model's input; none where they are the same."""
    tensor = port.tensor
    if table is None:
        return _unchanged(draft.inputs, draft, port.name, tensor)
    scale = Fraction(tensor.scale)
    wanted = [
        AffineMap(u / scale, -u * z / scale, tensor.zero_point, table.dtype.limits, tensor.dtype.limits)
        for u, z in zip(table.unit, table.zero, strict=True)
    ]
    _mapped(draft, port, name, table, wanted, where, inward=True)


def _write(draft: Draft, port: Port, name: str, table: PortTable | None, where: str) -> None:
    """A layer from the model's output to counts; none where they are the same."""
    tensor = port.tensor
    if table is None:
        return _unchanged(draft.outputs, draft, port.name, tensor)
    if tensor.index not in draft.program.storage:
        raise IoFileError(f"{tensor} is a constant", where)
    scale = Fraction(tensor.scale)
    wanted = [
        AffineMap(scale / u, z - scale * tensor.zero_point / u, 0, tensor.dtype.limits, table.dtype.limits)
        for u, z in zip(table.unit, table.zero, strict=True)
    ]
    _mapped(draft, port, name, table, wanted, where, inward=False)


def _mapped(
    draft: Draft, port: Port, name: str, table: PortTable, wanted: Sequence[AffineMap], where: str, *, inward: bool
) -> None:
    """The layer between counts and the model's tensor, and the port of the counts."""
    tensor, ports = port.tensor, draft.inputs if inward else draft.outputs
    maps = [_fitted(each, where) for each in wanted]
    real = f"real value = {meaning(name, table.unit, table.zero)}"
    if table.dtype is tensor.dtype and all(_copies(m) for m in maps):
        return _unchanged(ports, draft, name, tensor, real)
    made = draft.tensor(name, table.dtype, (tensor.elements,))
    source, target = (made, tensor) if inward else (tensor, made)
    title = f"{port.name}_from_{name}" if inward else f"{name}_from_{port.name}"
    text = _text(draft, maps, source, target, title, where)
    counts = Counts(name, shape_text(made), real, *accuracy(text.maps))
    (draft.before if inward else draft.layers).append(_layer(source, target, title, counts, text))
    ports.append(Port(name, made))
    draft.counts.append(counts)


def _unchanged(ports: list[Port], draft: Draft, name: str, tensor: Tensor, told: str = "") -> None:
    """The model's own tensor is what the caller passes."""
    ports.append(Port(name, tensor))
    draft.counts.append(Counts(name, shape_text(tensor), told or "as in the model"))


def _copies(found: FixedPointMap) -> bool:
    f = found.formula
    return found.exact and (f.multiplier, f.rounding, f.shift, f.center, f.limits, f.high) == (1, 0, 0, 0, None, False)


def _fitted(wanted: AffineMap, where: str) -> FixedPointMap:
    try:
        return fit(wanted)
    except ValueError as error:
        raise IoFileError(str(error), where, "Look at unit and zero.") from None


def _text(
    draft: Draft, maps: Sequence[FixedPointMap], source: Tensor, target: Tensor, name: str, where: str
) -> MapText:
    try:
        return map_text(maps, source.dtype, target.dtype, name, draft.tables)
    except ValueError as error:
        raise IoFileError(str(error), where, "Look at unit and zero.") from None


def _layer(source: Tensor, target: Tensor, name: str, counts: Counts, text: MapText) -> Layer:
    about = as_comment([f"{shape_text(source)} -> {shape_text(target)}: {told(counts)}"])
    return added_layer(name, about, (source,), (target,), text.body, text.kernels, text.constants)


def _entry(draft: Draft, function: str) -> Entry:
    about = {
        "predict_raw": "The same between raw counts and counts of physical units, in fixed point that saturates.",
        "predict_class": "The class with the largest score.",
    }
    ports = [f"{counts.name}: {counts.type}, {told(counts)}" for counts in draft.counts]
    return Entry(draft.finish(function), as_comment([about[function], *ports]), tuple(draft.counts))
