"""Compile the emitted C with this machine's compiler and run it: all steps in one process."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import ToolchainError
from ..graph import Array
from .harness import (
    FIRMWARE,
    PORTS,
    WARNINGS,
    Interface,
    TraceRecord,
    complaint,
    ending,
    glue,
    prepare,
    run_tool,
    unpack,
    unpack_trace,
)

SANITIZERS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
COMPILER_INSTALL = "Install one (Debian: apt install gcc), or name yours in the environment variable CC."
NATIVE: Final = "="


@dataclass(frozen=True)
class HostProgram:
    """A compiled model. ``folder`` holds the executable and the files of the last run, and is the caller's."""

    interface: Interface
    folder: Path
    executable: Path

    def run(self, inputs: Sequence[Sequence[Array]], timeout: float = 300) -> list[list[Array]]:
        """Return ``outputs[k][j]`` for ``inputs[k][j]``, step k and port j, one process for all steps.

        Raises UsageError for a value of another type or shape than its port's, ToolchainError where the program
        crashes, is stopped by a sanitizer or takes more than ``timeout`` seconds.
        """
        self._execute(inputs, False, timeout)
        return self._outputs(len(inputs))

    def trace(
        self, inputs: Sequence[Sequence[Array]], timeout: float = 300
    ) -> tuple[list[list[Array]], list[list[TraceRecord]]]:
        """The same, and for each step what the operators wrote: nothing unless the C was emitted with tracing."""
        self._execute(inputs, True, timeout)
        return self._outputs(len(inputs)), unpack_trace((self.folder / "trace.bin").read_bytes(), NATIVE)

    def _outputs(self, steps: int) -> list[list[Array]]:
        return unpack(self.interface.outputs, steps, (self.folder / "outputs.bin").read_bytes(), NATIVE)

    def _execute(self, inputs: Sequence[Sequence[Array]], trace: bool, timeout: float) -> None:
        prepare(self.folder, self.interface, inputs, trace, NATIVE)
        where = f"{self.interface.name} on this machine"
        try:
            done = subprocess.run(
                [str(self.executable)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise ToolchainError(f"the program took more than {timeout:g} s", where) from None
        if done.returncode != 0:
            raise ToolchainError(f"the program ended with {ending(done.returncode)}{complaint(done.stderr)}", where)


def compiler() -> list[str]:
    """Return the host's C compiler: $CC with its options, or cc."""
    return shlex.split(os.environ.get("CC", "")) or ["cc"]


def build(
    sources: Path, interface: Interface, folder: Path, sanitize: bool = False, flags: Sequence[str] = ()
) -> HostProgram:
    """Compile NAME.c of the folder ``sources`` into ``folder``, warnings being errors.

    ``sanitize`` adds AddressSanitizer and UndefinedBehaviorSanitizer. Raises ToolchainError where there is no
    compiler or it reports anything.
    """
    name = interface.name
    (folder / PORTS).write_text(glue(interface))
    executable = folder / f"{name}.host"
    command = [
        *compiler(),
        *("-std=c99", "-O2", *WARNINGS, *(SANITIZERS if sanitize else ()), *flags),
        *("-I", str(sources), "-I", str(FIRMWARE), "-o", str(executable)),
        *(str(sources / f"{name}.c"), str(folder / PORTS), str(FIRMWARE / "harness.c"), str(FIRMWARE / "host.c")),
    ]
    run_tool(command, f"{name}.c", COMPILER_INSTALL)
    return HostProgram(interface, folder, executable)
