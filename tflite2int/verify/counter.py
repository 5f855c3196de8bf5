"""What the counters of instructions and cycles (``firmware/counter.c``, ``simavr.c``) are told, and what they wrote.

Each count begins with a loop of known length: what counts that wrong is not believed.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import EmulatorError
from .cycles import KNOWN_CYCLES
from .harness import run_tool
from .image import Image

COUNTS = "counts.txt"
KNOWN_INSTRUCTIONS = 4 * 1000 + 1  # measure_known_loop(1000), on every target
AVR_KNOWN_CYCLES = 1000 * (2 + 1 + 1 + 2) - 1  # and the return: 4, or 5 with more than 128 KB of flash


@dataclass(frozen=True)
class Count:
    """Instructions executed, and the cycles they took; 0 where the target's cycles are not known."""

    instructions: int = 0
    cycles: int = 0


@dataclass(frozen=True)
class Counts:
    """One call of NAME_predict: what belongs to no layer, and each layer function with all that this calls."""

    own: Count
    layers: tuple[Count, ...]

    @property
    def instructions(self) -> int:
        return self.own.instructions + sum(layer.instructions for layer in self.layers)

    @property
    def cycles(self) -> int:
        return self.own.cycles + sum(layer.cycles for layer in self.layers)


def counter_arguments(image: Image, layers: Sequence[str]) -> list[str]:
    """Return what both counters are told, and write which code is of which layer to a file in the image's folder."""
    known = image.symbols["measure_known_loop"]
    arguments = [f"begin={symbol.address:#x}" for symbol in (image.predict, known)]
    arguments.append(f"counts={COUNTS}")
    if layers:
        regions = _regions(image, layers)
        (image.folder / "regions.bin").write_bytes(struct.pack(f"<{len(regions)}H", *regions))
        start = image.symbols["code_start"].address
        arguments += ["regions=regions.bin", f"regions_at={start:#x}", f"layers={len(layers)}"]
        if image.target.toolchain.step != 2:
            arguments.append(f"step={image.target.toolchain.step}")
    return arguments


def _regions(image: Image, layers: Sequence[str]) -> list[int]:
    """For each step of code: 2 + the number of its layer, 1 for NAME_predict, 0 for what several may call."""
    numbers = {name: number for number, name in enumerate(layers, 2)} | {f"{image.interface.name}_predict": 1}
    return [max((numbers.get(name, 0) for name in owners), default=0) for owners in _owners(image)]


def _owners(image: Image) -> list[list[str]]:
    """For each step of code: the function it is of, and those that this one is inlined into."""
    start, end = (image.symbols[name].address for name in ("code_start", "code_end"))
    steps = range(start, end, image.target.toolchain.step)
    (image.folder / "addresses.txt").write_text("".join(f"{address:#x}\n" for address in steps))
    tool = image.target.toolchain.tool("addr2line")
    command = [tool.program, "-a", "-f", "-i", "-e", image.elf.name, "@addresses.txt"]
    answers = run_tool(command, image.elf.name, tool.install, image.folder).split("0x")[1:]
    # an address, then a line with the function and one with its source, from the innermost function outwards
    return [answer.splitlines()[1::2] for answer in answers]


def read_counts(image: Image, steps: int, layers: int) -> tuple[Counts, ...]:
    """Return the counts of each step. Raises EmulatorError unless the known loop was counted exactly."""
    calls = [
        [Count(*map(int, field.split(":"))) for field in line.split()]
        for line in (image.folder / COUNTS).read_text().splitlines()
    ]
    if len(calls) != steps + 1 or any(len(call) != layers + 1 for call in calls):
        raise EmulatorError(f"it counted {len(calls)} calls instead of {steps + 1}", "instruction counter")
    expected = Count(KNOWN_INSTRUCTIONS, _known_cycles(image))
    if calls[0][0] != expected:
        raise EmulatorError(f"a known loop is {expected}, it counted {calls[0][0]}", "instruction counter")
    return tuple(Counts(call[0], tuple(call[1:])) for call in calls[1:])


def _known_cycles(image: Image) -> int:
    target = image.target
    if target.cycles == "simulated":
        return AVR_KNOWN_CYCLES + (5 if image.board.size("FLASH") > 128 * 1024 else 4)
    return KNOWN_CYCLES.get(target.name, 0)
