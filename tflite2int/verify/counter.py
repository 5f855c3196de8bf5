"""The instruction counter: a QEMU plugin compiled when it is wanted (``firmware/counter.c``), which checks itself."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..errors import EmulatorError
from .harness import FIRMWARE, run_tool
from .host import COMPILER_INSTALL, compiler

KNOWN_INSTRUCTIONS = 4 * 1000 + 1  # measure_known_loop(KNOWN_LOOPS), firmware/semihost.h
CALL_OF_END = 1  # the call of platform_after, which the harness makes when the counted function has returned
NO_SUCH_VERSION = 9999


def counter_options(folder: Path, qemu: str, begins: Sequence[int], end: int) -> list[str]:
    """Compile the plugin into ``folder`` and return the options for an emulator that is started there.

    ``begins`` are the addresses of the functions to count, ``end`` that of platform_after. Raises ToolchainError where
    the host's compiler is missing, EmulatorError where the emulator takes no plugins.
    """
    _compile(folder, NO_SUCH_VERSION)
    refused = subprocess.run(
        [qemu, "-M", "none", "-display", "none", "-plugin", "./counter.so"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
    )
    version = re.search(r"supports only up to version (\d+)", refused.stderr)
    if version is None:
        raise EmulatorError("it takes no plugins, and instructions are counted by one", qemu)
    _compile(folder, int(version[1]))
    arguments = [*(f"begin={address}" for address in begins), f"end={end}", "out=counts.txt"]
    return ["-plugin", ",".join(["./counter.so", *arguments])]


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
