"""QEMU: how it is started, its counting plugin, and what its cores' exceptions mean."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..errors import EmulatorError, ToolchainError
from .counter import counter_arguments
from .cycles import MODELS, cost_table
from .harness import FIRMWARE, run_tool
from .host import COMPILER_INSTALL, compiler
from .image import Image
from .targets import QEMU_USER, RISCV, Target, Tool

NO_SUCH_VERSION = 9999
CFSR_CAUSES = {  # bits, Armv7-M Architecture Reference Manual B3.2.15
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
MCAUSE_CAUSES = {  # RISC-V Privileged Architecture, table 3.6
    0: "a jump to an odd address",
    1: "an instruction fetched from no memory",
    2: "an undefined instruction",
    3: "a breakpoint",
    4: "an unaligned load",
    5: "a load from no memory",
    6: "an unaligned store",
    7: "a store to no memory",
    11: "a system call",
}


def causes(target: Target, exception: int, status: int) -> str:
    """Return what a fault's numbers mean: of Arm's CFSR, or RISC-V's mcause; empty where they say nothing."""
    if target.toolchain is RISCV:
        return MCAUSE_CAUSES.get(exception, "")
    return next((text for bit, text in CFSR_CAUSES.items() if status >> bit & 1), "")


def command(image: Image, count: bool, layers: Sequence[str]) -> list[str]:
    """Return the emulator's command line, for the image's folder.

    Raises ToolchainError where the emulator or, for counting, the host's compiler is missing, or the emulator takes no
    plugins.
    """
    emulator = image.target.emulator
    options, program = [], [str(image.elf)]
    if image.board.memories:
        options = ["-M", image.board.machine, *image.board.options, "-display", "none", "-monitor", "none"]
        options += ["-serial", "none", "-semihosting-config", "enable=on,target=native"]
        program = ["-kernel", *program]
    if count:
        plugin = image.folder / "counter.so"
        plugin.write_bytes(_plugin(emulator, tuple(compiler())))
        plugin.chmod(0o755)
        arguments = [*counter_arguments(image, layers), *_costs(image)]
        options += ["-plugin", ",".join(["./counter.so", *arguments])]
    return [emulator.program, *options, *program]


def _costs(image: Image) -> list[str]:
    core = image.target.name
    if core not in MODELS:
        return []
    (image.folder / "costs.bin").write_bytes(cost_table(core, image.contents([".text"])))
    return ["costs=costs.bin", f"costs_at={image.symbols['code_start'].address:#x}"]


@cache
def _plugin(emulator: Tool, cc: tuple[str, ...]) -> bytes:
    """Compile the counting plugin for the emulator, once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _compile(cc, folder, NO_SUCH_VERSION)
        _compile(cc, folder, _api_version(emulator, folder))
        return (folder / "counter.so").read_bytes()


def _api_version(emulator: Tool, folder: Path) -> int:
    """Return the version of QEMU's plugin interface: it tells when it refuses a later one."""
    machine = ["/bin/true"] if emulator is QEMU_USER else ["-M", "none", "-display", "none"]
    trial = [emulator.program, "-plugin", "./counter.so", *machine]
    try:
        run_tool(trial, "-plugin", emulator.install, folder)
    except ToolchainError as error:
        version = re.search(r"supports only up to version (\d+)", error.what)
        if version is None:
            raise
        return int(version[1])
    raise EmulatorError(f"it takes a plugin of version {NO_SUCH_VERSION}", emulator.program)


def _compile(cc: Sequence[str], folder: Path, version: int) -> None:
    options = ["-std=c99", "-O2", "-shared", "-fPIC", f"-DPLUGIN_API={version}"]
    source = FIRMWARE / "counter.c"
    run_tool([*cc, *options, str(source), "-o", str(folder / "counter.so")], source.name, COMPILER_INSTALL)
