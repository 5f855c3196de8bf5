"""The Arduino template: built by Debian's arduino-builder, run on simavr."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.boards.project import Memory, build
from tests.needs import need_file, need_tool
from tflite2int.evaluate.line import Line, open_line

HARDWARE = Path("/usr/share/arduino/hardware")
BUILDER = Path("/usr/share/arduino-builder")
FREQUENCY = 16_000_000


@dataclass(frozen=True)
class Board:
    """A board of Debian's arduino-core-avr, and the USART whose line simavr gives us."""

    name: str
    part: str
    usart: str
    line: str
    ram: int

    @property
    def flags(self) -> str:
        return f"-DLINE={self.line}"


BOARDS = {
    "uno": Board("arduino:avr:uno", "atmega328p", "0", "Serial", 2048),
    # Serial is its USB, which simavr does not connect.
    "leonardo": Board("arduino:avr:leonardo", "atmega32u4", "1", "Serial1", 2560),
    "mega": Board("arduino:avr:mega:cpu=atmega2560", "atmega2560", "0", "Serial", 8192),
}


@dataclass(frozen=True)
class Sketch:
    """A built sketch, and what the builder printed."""

    elf: Path
    printed: str
    folder: Path

    @property
    def memory(self) -> Memory:
        """What the builder says at the end, as the IDE shows it."""
        found = re.search(r"uses (\d+) bytes.*?use (\d+) bytes [^\n]*of dynamic memory", self.printed, re.DOTALL)
        assert found, self.printed
        return Memory(int(found[1]), int(found[2]))

    def data_bytes(self) -> int:
        """Bytes of initialised variables in all object files of the library."""
        objects = sorted(self.folder.glob("libraries/*/*.o"))
        assert objects
        sizes = build(["avr-size", "-A", *objects])
        return sum(int(size) for size in re.findall(r"^\.(?:data|rodata)\S*\s+(\d+)", sizes, re.MULTILINE))


def need_arduino() -> None:
    """Need what building and running a sketch takes."""
    for program, package in (("arduino-builder", "arduino-builder"), ("avr-gcc", "gcc-avr"), ("cc", "gcc")):
        need_tool(program, package)
    need_file(HARDWARE / "arduino" / "avr" / "boards.txt", "arduino-core-avr")
    need_file(Path("/usr/include/simavr/sim_avr.h"), "libsimavr-dev")


def build_sketch(library: Path, sketch: str, board: Board, folder: Path, flags: str = "") -> Sketch:
    """Build ``NAME_sketch`` of the library, all warnings on. Raises BuildFailed."""
    name = f"{library.name}_{sketch}"
    folder.mkdir(parents=True)
    printed = build(
        [
            *("arduino-builder", "-compile", "-hardware", HARDWARE, "-hardware", BUILDER),
            *("-tools", "/usr/bin", "-tools", BUILDER, "-libraries", library.parent, "-fqbn", board.name),
            *("-build-path", folder, "-build-cache", _cores().name, "-warnings", "all"),
            # avr-gcc 5.4 has no DECIMAL_DIG in C++98 mode, which core 1.8.7 uses.
            f"-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__ {board.flags} {flags}",
            library / "examples" / name / f"{name}.ino",
        ]
    )
    return Sketch(folder / f"{name}.ino.elf", printed, folder)


@contextmanager
def running(sketch: Sketch, board: Board) -> Iterator[str]:
    """Start the sketch on simavr; yields the name of its serial port."""
    with tempfile.TemporaryDirectory() as folder:
        simulator = Path(folder) / "simavr_serial"
        simulator.write_bytes(_simulator())
        simulator.chmod(0o755)
        command = [str(simulator), board.part, str(FREQUENCY), board.usart, str(sketch.elf)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                assert process.stdout is not None
                port = next((line.strip() for line in process.stdout if line.startswith("/dev/")), "")
                assert port, f"simavr did not start {sketch.elf}"
                yield port
            finally:
                process.kill()


@contextmanager
def serial_line(sketch: Sketch, board: Board) -> Iterator[Line]:
    """The same, with the line open."""
    with running(sketch, board) as port, open_line(port, 115200) as line:
        yield line


@cache
def _cores() -> tempfile.TemporaryDirectory[str]:
    """Where the builder keeps a board's core, built once."""
    return tempfile.TemporaryDirectory()


@cache
def _simulator() -> bytes:
    source = Path(__file__).with_name("simavr_serial.c")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "simavr_serial"
        build(["cc", "-std=c99", "-O2", source, "-o", result, "-lsimavr"])
        return result.read_bytes()
