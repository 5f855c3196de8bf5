"""Modelled cycles of Cortex-M0, M0+ and M4: short sequences against sums made by hand from Arm's tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hand_written import image, steps
from tests.needs import need_target
from tflite2int.verify.emulate import run

pytestmark = pytest.mark.emulator
NAKED = "__attribute__((naked)) void sum_predict(const int8_t *input, int32_t *output);\n"
# instructions, and the cycles of the M0, the M0+ and the M4
SEQUENCES = {
    "data": ("movs r2, #5\n muls r2, r2\n adds r2, #1\n lsls r2, #3\n sxtb r2, r2\n nop\n mov r12, r2", 7, 7, 7),
    "loads": ("ldr r2, [sp]\n ldrb r2, [r0]\n movs r3, #0\n ldrsb r2, [r0, r3]\n ldrh r2, [r1]", 9, 9, 9),
    "stores": ("str r0, [r1]\n strb r0, [r1]\n movs r3, #0\n strh r0, [r1, r3]", 7, 7, 4),
    "literal": ("ldr r2, 9f\n b 8f\n .balign 4\n9: .word 1\n8: nop", 2 + 3 + 1, 2 + 2 + 1, 2 + 3 + 1),
    "multiple": ("push {r0-r7, lr}\n mov r2, sp\n ldm r2!, {r3-r6}\n pop {r0-r7}\n pop {r3}\n mov lr, r3", 28, 28, 28),
    "taken": ("cmp r0, r0\n beq 1f\n nop\n1: nop", 1 + 3 + 1, 1 + 2 + 1, 1 + 2 + 1),
    "not taken": ("cmp r0, r0\n bne 1f\n1: nop", 1 + 1 + 1, 1 + 1 + 1, 1 + 2 + 1),
    "loop": ("movs r2, #10\n1: subs r2, #1\n bne 1b", 1 + 10 + 9 * 3 + 1, 1 + 10 + 9 * 2 + 1, 1 + 10 + 10 * 2),
    "call": ("mov r12, lr\n bl 1f\n b 2f\n1: bx lr\n2: mov lr, r12", 1 + 4 + 3 + 3 + 1, 1 + 3 + 2 + 2 + 1, 11),
    "return": ("mov r2, lr\n bl 1f\n b 2f\n1: push {r4, lr}\n pop {r4, pc}\n2: mov lr, r2", 18, 15, 16),
    "barrier": ("dmb\n mrs r2, primask", 8, 6, 4),
}
WIDE = {  # the M4 alone
    "dual": ("ldrd r2, r3, [sp]\n strd r2, r3, [r1]", 6),
    "wide loads": ("ldr.w r2, [r0]\n ldrsb.w r2, [r0]\n str.w r2, [r1]\n strb.w r2, [r1]", 6),
    "arithmetic": (
        "mla r2, r0, r1, r2\n smull r2, r3, r0, r1\n smlad r2, r0, r1, r2\n ssat r2, #8, r2\n sdiv r2, r0, r1",
        16,
    ),
    "compare and branch": ("movs r2, #0\n cbz r2, 1f\n nop\n1: nop", 4),
    "wide branches": ("b.w 1f\n nop\n1: cmp r0, r0\n beq.w 2f\n nop\n2: nop", 7),
    "block": ("stmdb sp!, {r4-r8, lr}\n ldmia.w sp!, {r4-r8, lr}", 14),
    "skipped": ("cmp r0, r0\n it ne\n ldrne r2, [r0]", 4),
}
RETURN = {"cortex-m0": 3, "cortex-m0plus": 2, "cortex-m4": 3}


def cycles(folder: Path, core: str, sequence: str) -> int:
    need_target(core)
    lines = "".join(f'        "{line}\\n"\n' for line in sequence.split("\n"))
    body = (
        f'    __asm__ volatile(".syntax unified\\n"\n{lines}        "bx lr\\n");\n    (void)input;\n    (void)output;\n'
    )
    result = run(image(folder, core, body, NAKED), steps([0] * 5), count=True)
    return result.counts[0].cycles - RETURN[core]


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_of_every_core(tmp_path: Path, name: str) -> None:
    sequence, *expected = SEQUENCES[name]
    for core, wanted in zip(RETURN, expected, strict=True):
        assert cycles(tmp_path, core, sequence) == wanted, core


@pytest.mark.parametrize("name", WIDE)
def test_sequences_of_the_m4(tmp_path: Path, name: str) -> None:
    sequence, expected = WIDE[name]
    assert cycles(tmp_path, "cortex-m4", sequence) == expected


def test_cores_without_a_model_have_no_cycles(tmp_path: Path) -> None:
    need_target("cortex-m3")
    result = run(image(tmp_path, "cortex-m3"), steps([0] * 5), count=True)
    assert result.counts[0].cycles == 0 < result.counts[0].instructions
