"""simavr: the simulator's side of the platform, compiled against its library when it is wanted."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..errors import ToolchainError
from .counter import counter_arguments
from .harness import FIRMWARE, run_tool
from .host import COMPILER_INSTALL, compiler
from .image import Image
from .targets import Target, Tool

CAUSES = {  # firmware/simavr.c
    1: "an undefined instruction",
    2: "a write to no memory",
    3: "a read of no memory",
    4: "a jump out of the code",
    5: "the stack has run into the variables",
    6: "the processor has stopped",
}
SERVICES = ("read", "write", "append", "before", "after", "end")  # platform_read and so on


def causes(target: Target, exception: int, status: int) -> str:
    """Return what a fault's numbers mean."""
    return CAUSES.get(status, "")


def command(image: Image, count: bool, layers: Sequence[str]) -> list[str]:
    """Return the simulator's command line, for the image's folder.

    Raises ToolchainError where the host's compiler or simavr's library is missing.
    """
    simulator = image.folder / "simulator"
    simulator.write_bytes(_simulator(image.target.emulator, tuple(compiler())))
    simulator.chmod(0o755)
    code = image.contents([".vectors", ".progmem", ".text", ".data"])
    (image.folder / "code.bin").write_bytes(code)
    arguments = [f"mcu={image.board.machine}", "code=code.bin"]
    arguments += [f"{service}={image.symbols[f'platform_{service}'].address:#x}" for service in SERVICES]
    arguments.append(f"bss_end={image.symbols['bss_end'].address & 0xFFFF:#x}")
    if count:
        arguments += counter_arguments(image, layers)
    return ["./simulator", *arguments]


@cache
def _simulator(emulator: Tool, cc: tuple[str, ...]) -> bytes:
    """Compile firmware/simavr.c, once. Raises ToolchainError where something is missing for it."""
    source = FIRMWARE / "simavr.c"
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "simulator"
        try:
            run_tool(
                [*cc, "-std=c99", "-O2", str(source), "-o", str(result), "-lsimavr"], source.name, COMPILER_INSTALL
            )
        except ToolchainError as error:
            if "simavr/" not in error.what and "-lsimavr" not in error.what:
                raise
            raise ToolchainError(f"{emulator.program} is missing", remedy=emulator.install) from None
        return result.read_bytes()
