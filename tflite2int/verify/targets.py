"""The emulated microcontrollers: compilers and their options, emulators, and the boards with their memories."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Literal

from ..errors import UsageError

KIB = 1024
MIB = 1024 * KIB
Cycles = Literal["simulated", "modelled", ""]  # by the emulator, from published timings, or not at all


@dataclass(frozen=True)
class Tool:
    """A program that a target needs, and the Debian packages that bring it and what it needs beside it."""

    program: str
    packages: str

    @property
    def install(self) -> str:
        """What to do where the program is missing."""
        return f"Install it (Debian: apt install {self.packages})."


@dataclass(frozen=True)
class Toolchain:
    """A cross compiler and what stands around the model for it, in the folder ``firmware``.

    ``prefix`` is that of gcc, size, nm and objcopy. ``compile`` and ``link`` are options for every target. ``sections``
    are the image's: code, constants, variables with initial values, variables without. Instructions begin at multiples
    of ``step`` bytes.
    """

    prefix: str
    packages: str
    compile: tuple[str, ...]
    link: tuple[str, ...]
    script: str
    sources: tuple[str, ...]
    sections: tuple[str, str, str, str] = (".text", ".rodata", ".data", ".bss")
    step: int = 2

    @property
    def gcc(self) -> Tool:
        return self.tool("gcc")

    def tool(self, name: str) -> Tool:
        return Tool(self.prefix + name, self.packages)


@dataclass(frozen=True)
class Board:
    """A machine of the emulator: what it is called there, its memories (name and rights, start, bytes), and options.

    No memories: it is an operating system's, which places the program.
    """

    machine: str
    memories: tuple[tuple[str, int, int], ...]
    options: tuple[str, ...] = ()

    def memory(self) -> str:
        """The MEMORY command of a linker script."""
        lines = [f"    {name} : ORIGIN = {start:#x}, LENGTH = {size:#x}" for name, start, size in self.memories]
        return "\n".join(["MEMORY", "{", *lines, "}", ""])

    def size(self, memory: str) -> int:
        """Bytes of FLASH or RAM."""
        return next(size for name, _, size in self.memories if name.startswith(memory))


@dataclass(frozen=True)
class Target:
    """A core or chip: what the compiler is told, the emulator, and boards to run on, the first that is large enough.

    ``cycles`` says where cycles come from, if they are known; ``about`` what a user reads of it. ``chip`` is set where
    the board is the very chip, so that what does not fit there does not fit the user's.
    """

    name: str
    about: str
    toolchain: Toolchain
    flags: tuple[str, ...]
    emulator: Tool
    boards: tuple[Board, ...]
    cycles: Cycles = ""
    chip: bool = False


QEMU_ARM = Tool("qemu-system-arm", "qemu-system-arm")
QEMU_RISCV = Tool("qemu-system-riscv32", "qemu-system-misc")
QEMU_USER = Tool("qemu-x86_64", "qemu-user")
SIMAVR = Tool("simavr", "libsimavr-dev")

ARM = Toolchain(
    "arm-none-eabi-",
    "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ("-std=c99",),
    ("--specs=nano.specs",),
    "cortex_m.ld",
    ("startup.c", "semihost.c", "measure.S", "harness.c"),
)
# __flash is an extension of GNU C. avr-gcc 5 calls tables uninitialized that it has merged with equal ones.
AVR = Toolchain(
    "avr-",
    "gcc-avr avr-libc",
    ("-std=gnu99", "-Wno-uninitialized"),
    (),
    "avr.ld",
    ("startup-avr.S", "harness.c"),
    (".text", ".progmem", ".data", ".bss"),
)
RISCV = Toolchain(
    "riscv64-unknown-elf-",
    "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    ("-std=c99", "--specs=picolibc.specs"),
    ("--specs=picolibc.specs",),
    "riscv.ld",
    ("startup-riscv.S", "semihost.c", "harness.c"),
)
# Static, and at fixed addresses: what is counted is then the same in every run.
HOST_GCC = Toolchain(
    "",
    "gcc libc6-dev",
    ("-std=c99", "-fno-pie", "-DMEASURED"),
    ("-static", "-no-pie", "-Wl,--undefined=etext"),
    "",
    ("host.c", "measure-x86_64.S", "harness.c"),
    step=1,
)


def _arm_board(machine: str, vectors: int, flash: tuple[int, int], ram: tuple[int, int]) -> Board:
    """``vectors`` is where the core looks for its table; flash and RAM are start and bytes."""
    return Board(machine, (("VECTORS (rx)", vectors, KIB), ("FLASH (rx)", *flash), ("RAM (rw)", *ram)))


def _mps2(machine: str) -> Board:
    return _arm_board(machine, 0, (KIB, 4 * MIB - KIB), (0x2000_0000, 4 * MIB))


MICROBIT = _arm_board("microbit", 0, (KIB, 255 * KIB), (0x2000_0000, 16 * KIB))
AN385 = _mps2("mps2-an385")
# The AN505 starts in the secure world: these are the secure addresses of its memories.
AN505 = _arm_board("mps2-an505", 0x1000_0000, (0x1000_0400, 4 * MIB - KIB), (0x3800_0000, 4 * MIB))
# Vectors in the ITCM; the program in the 2 MiB of SRAM beside it, since many models do not fit in 512 KiB.
AN547 = _arm_board("mps3-an547", 0, (0x0100_0000, 2 * MIB), (0x2100_0000, 4 * MIB))


def _cortex(name: str, *boards: Board, float_abi: str = "soft", cycles: Cycles = "") -> Target:
    flags = (f"-mcpu={name}", "-mthumb", f"-mfloat-abi={float_abi}")
    about = f"Cortex-{name.removeprefix('cortex-').upper().replace('PLUS', '+')}"
    return Target(name, about, ARM, flags, QEMU_ARM, boards, cycles)


def _atmega(part: str, flash: int, ram: tuple[int, int]) -> Target:
    # The linker sees variables from 0x800000 on.
    memories = (("FLASH (rx)", 0, flash), ("RAM (rw)", 0x80_0000 + ram[0], ram[1]))
    about = f"ATmega{part.upper()}, {flash // KIB} KB flash, {ram[1] / KIB:g} KB RAM"
    board = Board(f"atmega{part}", memories)
    return Target(f"atmega{part}", about, AVR, (f"-mmcu=atmega{part}",), SIMAVR, (board,), "simulated", chip=True)


def _riscv(isa: str) -> Target:
    memories = (("FLASH (rx)", 0x8000_0000, 8 * MIB), ("RAM (rw)", 0x8080_0000, 8 * MIB))
    cpu = ",".join(["rv32", *(f"{letter}={'true' if letter in isa else 'false'}" for letter in "macfd")])
    options = ("-bios", "none", "-cpu", cpu)
    flags = (f"-march=rv32{isa}", "-mabi=ilp32")
    board = Board("virt", memories, options)
    return Target(f"riscv32{isa}", f"RISC-V RV32{isa.upper()}", RISCV, flags, QEMU_RISCV, (board,))


# QEMU's only M0 is in the micro:bit; what is too large for that runs on an M3, with unaligned accesses trapped.
# float_abi hard is what lets the compiler use the vector registers of the M55; on the others nothing would use it.
TARGETS = {
    target.name: target
    for target in (
        _cortex("cortex-m0", MICROBIT, AN385, cycles="modelled"),
        _cortex("cortex-m0plus", MICROBIT, AN385, cycles="modelled"),
        _cortex("cortex-m3", AN385),
        _cortex("cortex-m4", _mps2("mps2-an386"), cycles="modelled"),
        _cortex("cortex-m7", _mps2("mps2-an500")),
        _cortex("cortex-m33", AN505),
        _cortex("cortex-m55", AN547, float_abi="hard"),
        _atmega("328p", 32 * KIB, (0x100, 2 * KIB)),
        _atmega("32u4", 32 * KIB, (0x100, 2 * KIB + 512)),
        _atmega("2560", 256 * KIB, (0x200, 8 * KIB)),
        _riscv("imc"),
        _riscv("imac"),
    )
}
HOST = "host"
THIS_MACHINE = Target(HOST, "this machine, x86-64", HOST_GCC, (), QEMU_USER, (Board("this machine", ()),))


def is_measured() -> bool:
    """Whether this machine is one whose instructions can be counted."""
    return platform.machine() == "x86_64"


def find_target(name: str) -> Target:
    """Return the target of that name. Raises UsageError where there is none, and for a host that cannot be measured."""
    if name == HOST and is_measured():
        return THIS_MACHINE
    if name == HOST:
        raise UsageError("this machine is not measured: only x86-64 is", remedy=f"Known are {', '.join(TARGETS)}.")
    if name not in TARGETS:
        raise UsageError(f'there is no target "{name}"', remedy=f"Known are {', '.join(TARGETS)}.")
    return TARGETS[name]
