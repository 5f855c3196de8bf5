"""A conversion on an emulated target: what cannot fit is refused, the rest is compiled and run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..budget import listed, port_bytes
from ..compiler import Conversion, convert
from ..emit.source import LARGEST_16_BIT_INT
from ..errors import DoesNotFitError, EmulatorError
from ..graph import Array
from ..program import Program
from .emulate import Run, run
from .harness import interface_of
from .image import Image, build
from .targets import KIB, Target, find_target

COMPILER_OPTION = {"size": "-Os", "speed": "-O2"}  # what optimize means to the C compiler
AVR_FLASH_REACH = 64 * KIB


def build_for(conversion: Conversion, target: str, folder: Path, optimize: str, flags: tuple[str, ...] = ()) -> Image:
    """Write the emitted files to ``folder`` and build them there. Raises the errors of ``build`` and ``check_fits``."""
    check_fits(conversion.program, find_target(target))
    for name, text in conversion.files().items():
        (folder / name).write_text(text)
    return build(target, folder, interface_of(conversion.program), folder, COMPILER_OPTION[optimize], flags)


def run_on_target(
    conversion: Conversion, target: str, optimize: str, steps: Sequence[Sequence[Array]], trace: bool = False
) -> Run:
    """Build in a temporary folder and run all steps. Raises the errors of ``build_for`` and ``emulate.run``."""
    with tempfile.TemporaryDirectory() as folder:
        return run(build_for(conversion, target, Path(folder), optimize), steps, trace=trace)


@contextmanager
def placed(model: Path, optimize: str, target: str, steps: Sequence[Sequence[Array]]) -> Iterator[None]:
    """Where what is done inside fails on the emulated core, run the same traced: that fails after a known operator."""
    try:
        yield
    except EmulatorError:
        run_on_target(convert(model, optimize=optimize, trace=True), target, optimize, steps, trace=True)
        raise


def check_fits(program: Program, target: Target) -> None:
    """Raise DoesNotFitError where the chip cannot hold the model's buffers and constants, without code and stack."""
    if not target.chip:
        return
    board, where = target.boards[0], f"{program.name} on {target.name}"
    objects = [(str(tensor), tensor.bytes) for tensor in map(program.graph.tensor, sorted(program.storage))]
    for layer in program.layers:
        objects += [(f"{layer.operator} {constant.name}", constant.bytes) for constant in layer.constants]
    for name, size in objects:
        if size > LARGEST_16_BIT_INT:
            raise DoesNotFitError(
                f"{name} has {size:,} bytes; an AVR's int has 16 bits and counts to {LARGEST_16_BIT_INT:,}", where
            )
    constants = [constant for layer in program.layers for constant in layer.constants]
    in_flash, in_ram = (sum(c.bytes for c in constants if c.in_flash is kept) for kept in (True, False))
    parts = {"arena": program.arena_size, "inputs and outputs": port_bytes(program), "constants": in_ram}
    ram, flash = board.size("RAM"), board.size("FLASH")
    if sum(parts.values()) > ram:
        detail = listed({name: size for name, size in parts.items() if size})
        raise DoesNotFitError(f"{sum(parts.values()):,} bytes of RAM ({detail}) are too many for its {ram:,}", where)
    if in_flash > flash:
        raise DoesNotFitError(f"{in_flash:,} bytes of weights and tables, its flash has {flash:,}", where)
    if in_flash > AVR_FLASH_REACH:
        raise DoesNotFitError(f"{in_flash:,} bytes of weights and tables, avr-gcc's __flash reaches 65,536", where)
