"""The main job: a model file in, two C files out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .emit import c_identifier, header, source
from .errors import UsageError, printable
from .lowering import lower
from .passes import simplify
from .program import Entry, Program
from .rawio import build_entry
from .reader import read_model

OPTIMIZE = ("size", "speed")


@dataclass(frozen=True)
class Conversion:
    """The result of ``convert``: the program and the text of ``NAME.c`` and ``NAME.h``.

    ``entry`` is the second C function, where one was asked for.
    """

    program: Program
    source: str
    header: str
    entry: Entry | None = None

    @property
    def name(self) -> str:
        return self.program.name

    def files(self) -> dict[str, str]:
        """File names and contents."""
        return {f"{self.name}.c": self.source, f"{self.name}.h": self.header}


def convert(
    model: str | os.PathLike[str],
    name: str | None = None,
    *,
    optimize: str = "size",
    eliminate: bool = True,
    trace: bool = False,
    io: str | os.PathLike[str] | None = None,
    output: str | None = None,
) -> Conversion:
    """Convert a quantized ``.tflite`` file to integer-only C; nothing is written.

    ``name`` becomes part of every C name; by default it is the file's stem made an identifier. ``optimize`` is
    "size" (one copy of each kernel) or "speed" (the compiler may specialise kernels for each layer); the results are
    the same. ``eliminate`` removes channels that no output depends on. ``trace`` adds a call of ``NAME_trace`` after
    each layer of ``NAME_predict``.

    ``io`` is a file that says what raw counts mean (rawio/toml.py has the format): it adds ``NAME_predict_raw``.
    ``output`` "wide" takes that function's results from the last layer's accumulators; "argmax" and "argmax+margin"
    add ``NAME_predict_class`` in its place. Raises MalformedModelError, UnsupportedModelError, UsageError or
    IoFileError.
    """
    if optimize not in OPTIMIZE:
        raise UsageError(f"there is no optimize={printable(optimize)}", remedy=f"It is one of: {', '.join(OPTIMIZE)}.")
    path = Path(model)
    identifier = c_identifier(path.stem if name is None else name)
    program = lower(simplify(read_model(path), remove_channels=eliminate), identifier)
    entry = None if io is None and output is None else build_entry(program, io, output)
    text = source(program, path.name, entry, speed=optimize == "speed", trace=trace)
    return Conversion(program, text, header(program, path.name, entry), entry)
