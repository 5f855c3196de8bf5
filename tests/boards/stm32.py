"""The STM32 template: built by CMake without CubeMX, run on QEMU's boards; and in a project shaped like CubeMX's."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.boards.project import Memory, build
from tests.needs import need_tool
from tflite2int.evaluate.line import Line, open_line

FAMILIES = ("f0", "f1", "f4", "g4", "l4")
MACHINES = {"f1": "stm32vldiscovery", "f4": "netduinoplus2"}
CUBE = Path(__file__).with_name("cube")
STACK = 1024  # reserved by stm32.ld


@dataclass(frozen=True)
class Image:
    """A built image, and what the build printed."""

    elf: Path
    family: str
    printed: str

    @property
    def memory(self) -> Memory:
        """What the linker says, less the stack that its script reserves."""
        flash, ram = (int(used) for used in re.findall(r"(?:FLASH|RAM): +(\d+) B", self.printed))
        return Memory(flash, ram - STACK)


def need_stm32() -> None:
    """Need what building and running takes."""
    for program, package in (
        ("cmake", "cmake"),
        ("ninja", "ninja-build"),
        ("arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("qemu-system-arm", "qemu-system-arm"),
    ):
        need_tool(program, package)


def build_image(project: Path, family: str, *options: str) -> Image:
    """Configure with the preset and build from nothing. Raises BuildFailed."""
    folder = project / "standalone"
    shutil.rmtree(folder / "build" / family, ignore_errors=True)
    build(["cmake", "--preset", family, *options], folder)
    printed = build(["cmake", "--build", "--preset", family], folder)
    (elf,) = (folder / "build" / family).glob("*.elf")
    return Image(elf, family, printed)


@contextmanager
def running(image: Image) -> Iterator[str]:
    """Start QEMU, which waits for its USART to be opened; yields the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    command = [
        *("qemu-system-arm", "-M", MACHINES[image.family], "-display", "none", "-monitor", "none"),
        *("-icount", "shift=5,sleep=off", "-serial", f"tcp:127.0.0.1:{number},server=on,wait=on"),
        *("-kernel", str(image.elf)),
    ]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as qemu:
        try:
            assert qemu.stdout is not None
            told = qemu.stdout.readline().decode()
            assert "waiting for connection" in told, told
            yield f"tcp:127.0.0.1:{number}"
        finally:
            qemu.kill()


@contextmanager
def serial_line(image: Image) -> Iterator[Line]:
    """The same, with the USART open."""
    with running(image) as port, open_line(port, 115200) as line:
        yield line
