"""The emulated microcontrollers: compiler options, and QEMU's machines with their memories."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError

QEMU = "qemu-system-arm"
QEMU_INSTALL = "Install it (Debian: apt install qemu-system-arm)."
KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Board:
    """A machine of qemu-system-arm. Addresses and sizes in bytes; ``vectors`` is where the core looks for its table."""

    machine: str
    vectors: int
    flash: tuple[int, int]
    ram: tuple[int, int]

    def memory(self) -> str:
        """The MEMORY command of a linker script."""
        regions = (("VECTORS (rx)", (self.vectors, KIB)), ("FLASH (rx)", self.flash), ("RAM (rw)", self.ram))
        lines = [f"    {name} : ORIGIN = {start:#x}, LENGTH = {size:#x}" for name, (start, size) in regions]
        return "\n".join(["MEMORY", "{", *lines, "}", ""])


@dataclass(frozen=True)
class Target:
    """A core: what the compiler is told, and the boards to run it on, the first that is large enough."""

    name: str
    flags: tuple[str, ...]
    boards: tuple[Board, ...]


def _mps2(machine: str) -> Board:
    return Board(machine, 0, (KIB, 4 * MIB - KIB), (0x2000_0000, 4 * MIB))


MICROBIT = Board("microbit", 0, (KIB, 255 * KIB), (0x2000_0000, 16 * KIB))
AN385 = _mps2("mps2-an385")
# The AN505 starts in the secure world: these are the secure addresses of its memories.
AN505 = Board("mps2-an505", 0x1000_0000, (0x1000_0400, 4 * MIB - KIB), (0x3800_0000, 4 * MIB))
# Vectors in the ITCM; the program in the 2 MiB of SRAM beside it, since many models do not fit in 512 KiB.
AN547 = Board("mps3-an547", 0, (0x0100_0000, 2 * MIB), (0x2100_0000, 4 * MIB))


def _core(name: str, *boards: Board, float_abi: str = "soft") -> Target:
    return Target(name, (f"-mcpu={name}", "-mthumb", f"-mfloat-abi={float_abi}"), boards)


# QEMU's only M0 is in the micro:bit; what is too large for that runs on an M3, with unaligned accesses trapped.
# float_abi hard is what lets the compiler use the vector registers of the M55; on the others nothing would use it.
TARGETS = {
    target.name: target
    for target in (
        _core("cortex-m0", MICROBIT, AN385),
        _core("cortex-m0plus", MICROBIT, AN385),
        _core("cortex-m3", AN385),
        _core("cortex-m4", _mps2("mps2-an386")),
        _core("cortex-m7", _mps2("mps2-an500")),
        _core("cortex-m33", AN505),
        _core("cortex-m55", AN547, float_abi="hard"),
    )
}


def find_target(name: str) -> Target:
    """Return the target of that name. Raises UsageError where there is none."""
    if name not in TARGETS:
        raise UsageError(f'there is no target "{name}"', remedy=f"Known are {', '.join(TARGETS)}.")
    return TARGETS[name]
