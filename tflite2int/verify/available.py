"""What can be built and run on this machine, and which Debian packages bring the rest."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import asdict, dataclass
from functools import cache

from ..report import table
from .host import compiler
from .targets import HOST, SIMAVR, TARGETS, THIS_MACHINE, Target, Tool, is_measured

CYCLES = {"simulated": "cycles, simulated", "modelled": "cycles, modelled", "": "instructions"}
COMPILER = Tool("cc", "gcc")


@dataclass(frozen=True)
class Availability:
    """A target, what it counts, and the Debian packages that are missing for it: none if it can be used."""

    name: str
    about: str
    counts: str
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The entry for JSON."""
        return {**asdict(self), "available": not self.missing}


def availability() -> tuple[Availability, ...]:
    """Try every target's tools, and return the host's entry and theirs."""
    compiles = _runs((*compiler(), "--version"))
    return (_host(compiles), *(_of(target, compiles) for target in TARGETS.values()))


def listing(entries: tuple[Availability, ...]) -> str:
    """The entries as lines for a terminal."""
    rows = []
    for entry in entries:
        needs = f"missing; apt install {' '.join(entry.missing)}" if entry.missing else "yes"
        rows.append((entry.name, entry.about, entry.counts or "-", needs))
    heads = ("target", "what", "counts", "usable")
    return table(heads, rows, heads)


def _host(compiles: bool) -> Availability:
    """``verify`` needs the compiler alone; ``bench`` an emulator, too."""
    counting = is_measured() and _emulates(THIS_MACHINE.emulator)
    hint = f" (bench: apt install {THIS_MACHINE.emulator.packages})" if is_measured() and not counting else ""
    counts = CYCLES[THIS_MACHINE.cycles] if counting else ""
    return Availability(HOST, f"this machine{hint}", counts, () if compiles else (COMPILER.packages,))


def _of(target: Target, compiles: bool) -> Availability:
    chain = target.toolchain
    missing = [] if compiles else [COMPILER.packages]
    if not _preprocesses((chain.gcc.program, *target.flags, *chain.compile), "string.h"):
        missing.append(chain.packages)
    if not _emulates(target.emulator):
        missing.append(target.emulator.packages)
    return Availability(target.name, target.about, CYCLES[target.cycles], tuple(missing))


def _emulates(emulator: Tool) -> bool:
    if emulator is SIMAVR:  # a library: the simulator's other side is compiled for it
        return _preprocesses(tuple(compiler()), "simavr/sim_avr.h")
    return shutil.which(emulator.program) is not None


def _preprocesses(command: tuple[str, ...], header: str) -> bool:
    """Whether the compiler is there and finds the header, which its library brings."""
    return _runs((*command, "-x", "c", "-E", "-"), f"#include <{header}>\n")


@cache
def _runs(command: tuple[str, ...], given: str = "") -> bool:
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
