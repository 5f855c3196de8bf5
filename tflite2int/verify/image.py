"""Cross-compile the emitted C with a harness around it, link it for a board, and read the sizes and symbols.

The harness (the folder ``firmware``) costs nothing in the figures: those of an image with an empty NAME_predict are
subtracted.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import DoesNotFitError, ToolchainError
from .harness import FIRMWARE, PORTS, WARNINGS, Interface, glue, run_tool
from .targets import Board, Target, find_target

SECTIONS = ("-ffunction-sections", "-fdata-sections")
# No C library in the harness, where it would hide what the model needs; and calls at the depth that measure.S assumes.
HARNESS_FLAGS = ("-Os", "-ffreestanding", "-fno-tree-loop-distribute-patterns", "-fno-optimize-sibling-calls")
DEBUG = ("-gdwarf-4",)  # which function each instruction is of; the instructions are the same without
EMPTY = "empty-model.c"  # not harness-*: it stands in the place of the model
OVERFLOW = re.compile(r"region `?(\w+)'? overflowed(?: by (\d+) bytes)?|will not fit in region `?(\w+)")


@dataclass(frozen=True)
class Sizes:
    """Bytes of the linked image beyond those of the same image with an empty NAME_predict.

    ``constants`` are those that stay in flash; on an AVR those that are read like variables are in ``data``.
    """

    code: int
    constants: int
    data: int
    bss: int

    @property
    def flash(self) -> int:
        """Code, constants, and the initial values of variables."""
        return self.code + self.constants + self.data

    @property
    def ram(self) -> int:
        """Static variables, initialized or not; without the stack."""
        return self.data + self.bss


@dataclass(frozen=True)
class Symbol:
    """Where a function or variable begins, and its bytes, 0 where the assembler gave none."""

    address: int
    size: int


@dataclass(frozen=True)
class Image:
    """A linked program. ``folder`` holds it and the files of the last run, and is the caller's.

    ``added`` names the symbols that the model brought in: its own, and helpers of the compiler such as __aeabi_lmul.
    """

    target: Target
    board: Board
    interface: Interface
    folder: Path
    elf: Path
    sizes: Sizes
    symbols: dict[str, Symbol]
    added: tuple[str, ...]

    def __str__(self) -> str:
        machine = "" if self.target.chip else f" ({self.board.machine})"
        return f"{self.interface.name} on {self.target.name}{machine}"

    @property
    def predict(self) -> Symbol:
        return self.symbols[f"{self.interface.name}_predict"]

    def contents(self, sections: Sequence[str]) -> bytes:
        """The bytes of the image from the first of these sections on, as they lie in flash."""
        copy = self.folder / "contents.bin"
        only = [option for section in sections for option in ("-j", section)]
        tool = self.target.toolchain.tool("objcopy")
        run_tool([tool.program, "-O", "binary", *only, str(self.elf), str(copy)], self.elf.name, tool.install)
        return copy.read_bytes()


def build(
    target: str, sources: Path, interface: Interface, folder: Path, optimize: str = "-Os", flags: Sequence[str] = ()
) -> Image:
    """Compile NAME.c of the folder ``sources`` for ``target`` and link it in ``folder``.

    Raises UsageError for an unknown target, ToolchainError where a tool is missing or the compiler reports anything,
    DoesNotFitError where the program is too large for the target's boards.
    """
    chosen = find_target(target)
    name = interface.name
    (folder / PORTS).write_text(glue(interface))
    (folder / EMPTY).write_text(f"void {name}_predict(void);\nvoid {name}_predict(void) {{}}\n")
    for result, data in _harness(chosen):
        (folder / result).write_bytes(data)
    include = ("-I", str(sources.absolute()))
    ports = _compile(chosen, folder / PORTS, folder, *include, *HARNESS_FLAGS)
    empty = _compile(chosen, folder / EMPTY, folder, *HARNESS_FLAGS)
    model = _compile(chosen, sources / f"{name}.c", folder, *include, optimize, *WARNINGS, *DEBUG, *flags)
    harness = [*(result for result, _ in _harness(chosen)), ports]
    elf, baseline = folder / f"{name}.elf", folder / f"{EMPTY}.elf"
    board = _link_on_first(chosen, [*harness, model], elf)
    _link(chosen, board, [*harness, empty], baseline)
    symbols, sizes = _symbols(chosen, elf), _sizes(chosen, elf, baseline)
    if not board.memories:
        symbols |= _code_of(symbols, _symbols(chosen, folder / model))
        sizes = Sizes(*_section_bytes(chosen, folder / model))
    added = tuple(sorted(symbols.keys() - _symbols(chosen, baseline).keys()))
    return Image(chosen, board, interface, folder, elf, sizes, symbols, added)


def _compile(target: Target, source: Path, folder: Path, *options: str) -> str:
    """Compile ``source`` into ``folder`` and return the object's name there, SOURCE.o."""
    gcc, result = target.toolchain.gcc, f"{source.name}.o"
    common = (gcc.program, *target.flags, *target.toolchain.compile, *SECTIONS, "-I", str(FIRMWARE))
    run_tool([*common, *options, "-c", str(source.absolute()), "-o", result], source.name, gcc.install, folder)
    return result


@cache
def _harness(target: Target) -> tuple[tuple[str, bytes], ...]:
    """Names and contents of the objects that stand around every model, compiled once."""
    objects = []
    with tempfile.TemporaryDirectory() as name:
        for source in target.toolchain.sources:
            result = _compile(target, FIRMWARE / source, Path(name), *HARNESS_FLAGS)
            objects.append((f"harness-{result}", (Path(name) / result).read_bytes()))
    return tuple(objects)


def _link_on_first(target: Target, objects: list[str], elf: Path) -> Board:
    """Link for the first board that is large enough, and return it."""
    for board in target.boards:
        try:
            _link(target, board, objects, elf)
        except ToolchainError as error:
            overflow = OVERFLOW.search(error.what)
            if overflow is None:
                raise
            reason = _excess(board, overflow[1] or overflow[3], overflow[2])
        else:
            return board
    raise DoesNotFitError(reason, f"{elf.stem} on {target.name}")


def _excess(board: Board, region: str, excess: str | None) -> str:
    if region == "LOW":
        return "constants reach beyond 64 KB of flash, where avr-gcc's 16-bit pointers do not"
    memory = "flash" if region == "FLASH" else "RAM"
    by = f"{int(excess):,} bytes" if excess else "the stack"
    return f"the program is {by} too large for {board.size(region):,} bytes of {memory}"


def _link(target: Target, board: Board, objects: list[str], elf: Path) -> None:
    """Link ``objects``, named relative to the ELF file's folder as the linker script has them."""
    chain = target.toolchain
    options: tuple[str, ...] = ("-Wl,--gc-sections",)
    if board.memories:
        (elf.parent / "memory.ld").write_text(board.memory())
        script = ("-nostartfiles", "-L", ".", "-L", str(FIRMWARE), "-T", str(FIRMWARE / chain.script))
        options = (*options, "-Wl,--orphan-handling=error", *script)
    command = [chain.gcc.program, *target.flags, *chain.link, *options, *objects, "-o", elf.name]
    run_tool(command, f"{elf.name} for {board.machine}", chain.gcc.install, elf.parent)


def _sizes(target: Target, elf: Path, baseline: Path) -> Sizes:
    pairs = zip(_section_bytes(target, elf), _section_bytes(target, baseline), strict=True)
    return Sizes(*(ours - theirs for ours, theirs in pairs))


def _section_bytes(target: Target, file: Path) -> list[int]:
    """Bytes of the toolchain's four sections; .text.NAME in an object counts for .text."""
    size = target.toolchain.tool("size")
    listing = run_tool([size.program, "-A", str(file)], file.name, size.install)
    found = re.findall(r"^(\.\w+)[.\w]*\s+(\d+)\s", listing, re.MULTILINE)
    return [sum(int(count) for name, count in found if name == section) for section in target.toolchain.sections]


def _code_of(symbols: dict[str, Symbol], model: dict[str, Symbol]) -> dict[str, Symbol]:
    """What linker scripts of our own name: where the model's code begins and ends."""
    code = [symbols[name] for name in model if name in symbols and symbols[name].address < symbols["etext"].address]
    ends = min(symbol.address for symbol in code), max(symbol.address + symbol.size for symbol in code)
    return dict(zip(("code_start", "code_end"), (Symbol(end, 0) for end in ends), strict=True))


def _symbols(target: Target, elf: Path) -> dict[str, Symbol]:
    nm = target.toolchain.tool("nm")
    listing = run_tool([nm.program, "-S", "--defined-only", str(elf)], elf.name, nm.install)
    symbols = {}
    for line in listing.splitlines():
        address, *size, _, name = line.split()
        symbols[name] = Symbol(int(address, 16), int(size[0], 16) if size else 0)
    return symbols
