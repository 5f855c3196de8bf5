"""Cycles of Thumb instructions, from Arm's published timings: a model with memory that never waits, not a measurement.

Cortex-M0: Technical Reference Manual (DDI 0432C), table 3-1, with the multiplier that takes one cycle. Cortex-M0+: DDI
0484C, table 3-1, likewise. Cortex-M4: DDI 0439B, table 3-1, simplified: what depends on neighbours or alignment there
has one number here (a load takes 2, a store 1, a branch 3, a conditional branch 2 whether taken or not, a division 12),
and an instruction that its condition skips counts as if it were executed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise

Cost = tuple[int, int]  # cycles, and those that a conditional branch takes more where it is taken
Model = Callable[[int, int], Cost]  # of an instruction's first and second halfword


def cost_table(core: str, code: bytes) -> bytes:
    """Return two bytes for each two bytes of ``code``: the cost of the instruction, if one begins there."""
    model = MODELS[core]
    halves = [*struct.unpack(f"<{len(code) // 2}H", code[: len(code) // 2 * 2]), 0]
    return bytes(value for first, second in pairwise(halves) for value in model(first, second))


def _armv6m(branch: int, call: int, special: int) -> Model:
    """``branch`` cycles of a branch that is taken, ``call`` of BL, ``special`` of MRS, MSR and the barriers."""

    def cost(first: int, second: int) -> Cost:
        if first >> 11 in (0b11101, 0b11110, 0b11111):  # 32 bits
            return (call, 0) if second & 0xD000 == 0xD000 else (special, 0)
        top = first >> 12
        if top == 0b0101 or 0b0110 <= top <= 0b1001 or first >> 11 == 0b01001:
            return (2, 0)  # LDR and STR of any form
        if top == 0b1100 or first >> 9 == 0b1011010 or first >> 8 == 0b10111100:
            return (1 + (first & (0xFF if top == 0b1100 else 0x1FF)).bit_count(), 0)  # LDM, STM, PUSH, POP
        if first >> 8 == 0b10111101:
            return (1 + branch + (first & 0x1FF).bit_count(), 0)  # POP with pc: 4 + N on the M0, 3 + N on the M0+
        if top == 0b1101:
            return (1, branch - 1)  # B with a condition
        if top == 0b1110 or first >> 8 == 0b01000111:
            return (branch, 0)  # B, BX, BLX
        if first >> 8 in (0b01000100, 0b01000110) and (first >> 4 & 8 | first & 7) == 15:
            return (branch, 0)  # ADD and MOV to pc
        return (1, 0)

    return cost


def _armv7em(first: int, second: int) -> Cost:
    if first >> 11 in (0b11101, 0b11110, 0b11111):
        return (_wide(first, second), 0)
    top = first >> 12
    if first >> 11 == 0b01001:
        return (2, 0)  # LDR from the literal pool
    if top == 0b0101:
        return (2 if first >> 9 & 7 >= 3 else 1, 0)  # LDRSB, LDR, LDRH, LDRB, LDRSH; STR, STRH, STRB
    if 0b0110 <= top <= 0b1001:
        return (2 if first >> 11 & 1 else 1, 0)
    if top == 0b1100 or first >> 9 in (0b1011010, 0b1011110):
        pops_pc = first >> 8 == 0b10111101
        return (1 + (first & (0xFF if top == 0b1100 else 0x1FF)).bit_count() + (2 if pops_pc else 0), 0)
    if top == 0b1101 or first & 0xF500 == 0xB100:
        return (2, 0)  # B with a condition; CBZ and CBNZ
    if top == 0b1110 or first >> 8 == 0b01000111:
        return (3, 0)
    if first >> 8 in (0b01000100, 0b01000110) and (first >> 4 & 8 | first & 7) == 15:
        return (3, 0)
    return (1, 0)


def _wide(first: int, second: int) -> int:
    """Cycles of a 32-bit instruction; the encodings are those of the ARMv7-M manual, A5.3."""
    if first >> 11 == 0b11110 and second & 0x8000:
        return 3 if second & 0x5000 else 2  # BL and B; B with a condition (and, rarely, MSR, MRS and barriers)
    if first & 0xFE40 == 0xE800:  # LDM, STM, PUSH, POP
        return 1 + second.bit_count() + (2 if second & 0x8000 and first & 0x10 else 0)
    if first & 0xFE40 == 0xE840:
        if first & 0xFFF0 == 0xE8D0 and second & 0xF0 in (0, 0x10):
            return 3  # TBB, TBH
        return 3 if first & 0x120 else 2  # LDRD, STRD; exclusive loads and stores
    if first & 0xFE00 == 0xF800:
        return 2 if first & 0x10 else 1  # loads; stores
    if first & 0xFFD0 == 0xFB90:
        return 12  # SDIV, UDIV
    return 1


MODELS: dict[str, Model] = {
    "cortex-m0": _armv6m(branch=3, call=4, special=4),
    "cortex-m0plus": _armv6m(branch=2, call=3, special=3),
    "cortex-m4": _armv7em,
}
# Of measure_known_loop(1000), worked out by hand: 999 times nop, nop, subs and a branch that is taken, once one that is
# not, and the return.
KNOWN_CYCLES = {"cortex-m0": 999 * 6 + 4 + 3, "cortex-m0plus": 999 * 5 + 4 + 2, "cortex-m4": 1000 * 5 + 3}
