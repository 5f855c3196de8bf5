"""Cross-compile the emitted C and run it on an emulated Cortex-M: outputs, sizes, peak stack, instructions.

The harness around the model (the folder ``firmware``) costs nothing in the figures: an image with an empty
NAME_predict is subtracted from the sizes, and the rest is measured from the call of NAME_predict to its return.
"""

from __future__ import annotations

import bisect
import re
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EmulatorError, ToolchainError
from ..graph import Array
from .counter import counter_options, read_counts
from .harness import (
    FIRMWARE,
    PORTS,
    WARNINGS,
    Interface,
    TraceRecord,
    complaint,
    glue,
    prepare,
    run_tool,
    unpack,
    unpack_trace,
)
from .targets import QEMU, QEMU_INSTALL, Board, Target, find_target

GCC = "arm-none-eabi-gcc"
GCC_INSTALL = "Install it (Debian: apt install gcc-arm-none-eabi libnewlib-arm-none-eabi)."
SECTIONS = ("-ffunction-sections", "-fdata-sections")
# No C library in the harness, where it would hide what the model needs; and calls at the depth that measure.S assumes.
HARNESS_FLAGS = ("-Os", "-ffreestanding", "-fno-tree-loop-distribute-patterns", "-fno-optimize-sibling-calls")
EMPTY = "empty-model.c"  # not harness-*: it stands in the place of the model
HARNESS_SOURCES = ("startup.c", "semihost.c", "measure.S", "harness.c")
EXIT_FAULT = 3  # firmware/semihost.h
FAULT_CAUSES = {  # bits of CFSR, Armv7-M Architecture Reference Manual B3.2.15
    0: "an instruction fetched from memory that is not executable",
    1: "an access to protected memory",
    8: "an instruction fetched from no memory",
    9: "an access to no memory",
    10: "an access to no memory",
    11: "no memory for the stack",
    12: "no memory for the stack",
    16: "an undefined instruction",
    17: "a branch to no Thumb code",
    18: "an invalid return address",
    19: "a floating-point or vector instruction without its unit",
    24: "an unaligned access",
    25: "a division by zero",
}


@dataclass(frozen=True)
class Sizes:
    """Bytes of the linked image beyond those of the same image with an empty NAME_predict."""

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
    symbols: dict[str, int]
    added: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.interface.name} on {self.target.name} ({self.board.machine})"


@dataclass(frozen=True)
class Run:
    """What a run gave: ``outputs[k][j]``; the most bytes of stack that NAME_predict touched in any step.

    ``trace[k]`` holds the step's records if a trace was asked for and the C was emitted with tracing;
    ``instructions[k]`` the instructions that step k executed, call to return, if they were counted.
    """

    outputs: list[list[Array]]
    stack: int
    trace: list[list[TraceRecord]]
    instructions: tuple[int, ...]


def build(
    target: str, sources: Path, interface: Interface, folder: Path, optimize: str = "-Os", flags: Sequence[str] = ()
) -> Image:
    """Compile NAME.c of the folder ``sources`` for ``target`` and link it in ``folder``.

    Raises UsageError for an unknown target, ToolchainError where a tool is missing, the compiler reports anything,
    or the program is too large for the target's boards.
    """
    chosen = find_target(target)
    name = interface.name
    (folder / PORTS).write_text(glue(interface))
    (folder / EMPTY).write_text(f"void {name}_predict(void);\nvoid {name}_predict(void) {{}}\n")
    common = (*chosen.flags, "-std=c99", *SECTIONS, "-I", str(sources.absolute()), "-I", str(FIRMWARE))

    def compiled(source: Path, result: str, *options: str) -> str:
        command = [GCC, *common, *options, "-c", str(source.absolute()), "-o", result]
        run_tool(command, source.name, GCC_INSTALL, folder)
        return result

    harness = [compiled(FIRMWARE / source, f"harness-{source}.o", *HARNESS_FLAGS) for source in HARNESS_SOURCES]
    harness.append(compiled(folder / PORTS, f"{PORTS}.o", *HARNESS_FLAGS))
    empty = compiled(folder / EMPTY, f"{EMPTY}.o", *HARNESS_FLAGS)
    model = compiled(sources / f"{name}.c", f"{name}.o", optimize, *WARNINGS, *flags)
    elf, baseline = folder / f"{name}.elf", folder / f"{EMPTY}.elf"
    board = _link_on_first(chosen, [*harness, model], elf)
    _link(chosen, board, [*harness, empty], baseline)
    symbols = _symbols(elf)
    added = tuple(sorted(symbols.keys() - _symbols(baseline).keys()))
    return Image(chosen, board, interface, folder, elf, _sizes(elf, baseline), symbols, added)


def _link_on_first(target: Target, objects: list[str], elf: Path) -> Board:
    """Link for the first board that is large enough, and return it."""
    for board in target.boards[:-1]:
        try:
            _link(target, board, objects, elf)
        except ToolchainError as error:
            if not re.search(r"region .* overflowed|will not fit in region", error.what):
                raise
        else:
            return board
    _link(target, target.boards[-1], objects, elf)
    return target.boards[-1]


def _link(target: Target, board: Board, objects: list[str], elf: Path) -> None:
    """Link ``objects``, named relative to the ELF file's folder as the linker script has them."""
    (elf.parent / "memory.ld").write_text(board.memory())
    script = ("-nostartfiles", "--specs=nano.specs", "-L", ".", "-T", str(FIRMWARE / "cortex_m.ld"))
    options = ("-Wl,--gc-sections", "-Wl,--orphan-handling=error")
    command = [GCC, *target.flags, *script, *options, *objects, "-o", elf.name]
    run_tool(command, f"{elf.name} for {board.machine}", GCC_INSTALL, elf.parent)


def _sizes(elf: Path, baseline: Path) -> Sizes:
    sections = []
    for file in (elf, baseline):
        listing = run_tool(["arm-none-eabi-size", "-A", str(file)], file.name, GCC_INSTALL)
        sections.append({m[1]: int(m[2]) for m in re.finditer(r"^(\.\w+)\s+(\d+)\s", listing, re.MULTILINE)})
    code, constants, data, bss = (sections[0][s] - sections[1][s] for s in (".text", ".rodata", ".data", ".bss"))
    return Sizes(code, constants, data, bss)


def _symbols(elf: Path) -> dict[str, int]:
    listing = run_tool(["arm-none-eabi-nm", "--defined-only", str(elf)], elf.name, GCC_INSTALL)
    return {name: int(address, 16) for address, _, name in (line.split(maxsplit=2) for line in listing.splitlines())}


def run(
    image: Image, inputs: Sequence[Sequence[Array]], timeout: float = 300, trace: bool = False, count: bool = False
) -> Run:
    """Run all steps in one start of the emulator: ``inputs[k][j]`` for step k and input j.

    Raises UsageError for a value that does not fit its port, EmulatorError where the program faults, uses more stack
    than is measured, takes more than ``timeout`` seconds or the emulator fails, ToolchainError where it is missing.
    """
    folder = image.folder
    prepare(folder, image.interface, inputs, trace, "<")
    (folder / "report.bin").unlink(missing_ok=True)
    plugin: list[str] = []
    if count:
        counted = [image.symbols[name] for name in (f"{image.interface.name}_predict", "measure_known_loop")]
        plugin = counter_options(folder, counted, image.symbols["platform_after"])
    _execute(image, plugin, timeout)
    peak, span, *_ = struct.unpack("<6I", (folder / "report.bin").read_bytes())
    if peak >= span:
        raise EmulatorError(f"{peak} bytes of stack and more were used", str(image))
    outputs = unpack(image.interface.outputs, len(inputs), (folder / "outputs.bin").read_bytes())
    records = unpack_trace((folder / "trace.bin").read_bytes()) if trace else []
    return Run(outputs, peak, records, read_counts(folder, len(inputs)) if count else ())


def _execute(image: Image, plugin: Sequence[str], timeout: float) -> None:
    """Run the emulator in the image's folder. Raises EmulatorError unless the program came to its end."""
    command = [QEMU, "-M", image.board.machine, "-display", "none", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(image.elf), *plugin]
    try:
        done = subprocess.run(
            command,
            cwd=image.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except FileNotFoundError:
        raise ToolchainError(f"{QEMU} is missing", remedy=QEMU_INSTALL) from None
    except subprocess.TimeoutExpired:
        raise EmulatorError(f"it took more than {timeout:g} s{_last_operator(image)}", str(image)) from None
    report = image.folder / "report.bin"
    if done.returncode == EXIT_FAULT and report.exists():
        raise EmulatorError(_fault(image, report.read_bytes()) + _last_operator(image), str(image))
    if done.returncode != 0 or not report.exists():
        ending = f"exit status {done.returncode}" if done.returncode >= 0 else f"signal {-done.returncode}"
        raise EmulatorError(f"{QEMU} ended with {ending}{complaint(done.stderr)}{_last_operator(image)}", str(image))


def _fault(image: Image, report: bytes) -> str:
    """Return what happened, and where, from what the fault handler wrote."""
    *_, exception, pc, lr, status = struct.unpack("<6I", report)
    causes = [text for bit, text in FAULT_CAUSES.items() if status >> bit & 1]
    what = f"fault (exception {exception}){f': {causes[0]}' if causes else ''}"
    return f"{what} in {_function(image, pc)}, called from {_function(image, lr)}"


def _function(image: Image, address: int) -> str:
    """Return the symbol that the address lies behind."""
    ordered = sorted((value & ~1, name) for name, value in image.symbols.items() if not name.startswith("$"))
    position = bisect.bisect_right(ordered, (address & ~1, "\x7f")) - 1
    if position < 0 or address >= image.symbols["data_load"]:
        return f"{address:#010x}"
    return ordered[position][1]


def _last_operator(image: Image) -> str:
    """Return, to be appended to a message, how far the trace came, if there is one."""
    path = image.folder / "trace.bin"
    if not path.exists():
        return ""
    try:
        steps = unpack_trace(path.read_bytes())
    except ToolchainError:  # stopped while it was written
        return ""
    if not any(steps):  # the C was emitted without tracing
        return f", in step {len(steps) - 1}" if steps else ""
    done = f"after operator {steps[-1][-1].operator}" if steps[-1] else "before the first operator was done"
    return f", in step {len(steps) - 1} {done}"
