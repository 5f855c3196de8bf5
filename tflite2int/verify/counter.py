"""The instruction counter: a QEMU plugin compiled when it is wanted (``firmware/counter.c``), which checks itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import EmulatorError, ToolchainError
from .harness import FIRMWARE, run_tool
from .host import COMPILER_INSTALL, compiler
from .targets import QEMU, QEMU_INSTALL

KNOWN_INSTRUCTIONS = 4 * 1000 + 1  # measure_known_loop(KNOWN_LOOPS), firmware/semihost.h
CALL_OF_END = 1  # the call of platform_after, which the harness makes when the counted function has returned
NO_SUCH_VERSION = 9999


def counter_options(folder: Path, begins: Sequence[int], end: int) -> list[str]:
    """Compile the plugin into ``folder`` and return the options for an emulator that is started there.

    ``begins`` are the addresses of the functions to count, ``end`` that of platform_after. Raises ToolchainError where
    the host's compiler or the emulator is missing, or the emulator takes no plugins.
    """
    _compile(folder, _api_version(folder))
    arguments = [*(f"begin={address}" for address in begins), f"end={end}", "out=counts.txt"]
    return ["-plugin", ",".join(["./counter.so", *arguments])]


def _api_version(folder: Path) -> int:
    """Return the version of QEMU's plugin interface: it tells when it refuses a later one."""
    _compile(folder, NO_SUCH_VERSION)
    try:
        run_tool([QEMU, "-M", "none", "-display", "none", "-plugin", "./counter.so"], "-plugin", QEMU_INSTALL, folder)
    except ToolchainError as error:
        version = re.search(r"supports only up to version (\d+)", error.what)
        if version is None:
            raise
        return int(version[1])
    raise EmulatorError(f"it takes a plugin of version {NO_SUCH_VERSION}", QEMU)


def _compile(folder: Path, version: int) -> None:
    options = ["-std=c99", "-O2", "-shared", "-fPIC", f"-DPLUGIN_API={version}"]
    source = FIRMWARE / "counter.c"
    run_tool([*compiler(), *options, str(source), "-o", str(folder / "counter.so")], source.name, COMPILER_INSTALL)


def read_counts(folder: Path, steps: int) -> tuple[int, ...]:
    """Return the instructions of each step. Raises EmulatorError unless the known loop was counted exactly."""
    counts = [int(line) - CALL_OF_END for line in (folder / "counts.txt").read_text().split()]
    if len(counts) != steps + 1:
        raise EmulatorError(f"it counted {len(counts)} calls instead of {steps + 1}", "instruction counter")
    if counts[0] != KNOWN_INSTRUCTIONS:
        raise EmulatorError(
            f"it counted {counts[0]} instructions instead of {KNOWN_INSTRUCTIONS}", "instruction counter"
        )
    return tuple(counts[1:])
