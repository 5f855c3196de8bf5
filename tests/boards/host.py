"""The CMake template: built and run on this machine, and cross-compiled for a Cortex-M4 on QEMU."""

from __future__ import annotations

import os
import pty
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.boards.project import build


def build_host(project: Path, folder: Path, *options: str) -> str:
    """Configure and build; returns what the compiler said."""
    build(["cmake", "-G", "Ninja", "-S", project, "-B", folder, *options])
    return build(["cmake", "--build", folder])


@contextmanager
def on_a_terminal(command: list[str]) -> Iterator[str]:
    """Start a program with a pseudo-terminal as its standard input and output; yields the terminal's name."""
    program_side, our_side = pty.openpty()
    tty.setraw(our_side)
    with subprocess.Popen(command, stdin=program_side, stdout=program_side) as process:
        try:
            yield os.ttyname(our_side)
        finally:
            process.kill()
            os.close(program_side)
            os.close(our_side)


TOOLCHAIN = Path(__file__).with_name("mps2.cmake")


def on_cortex_m4(program: Path, *arguments: str) -> list[str]:
    """The command that runs a program built with ``TOOLCHAIN``; standard input and output are its own."""
    given = "".join(f",arg={argument}" for argument in (program.name, *arguments))
    return [
        *("qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none"),
        *("-semihosting-config", f"enable=on,target=native{given}"),
        *("-kernel", str(program)),
    ]
