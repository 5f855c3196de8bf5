"""AVR chips on simavr: cycles and stack exactly, what is in flash and what in RAM, faults, and what does not fit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.hand_written import BODY, ZEROS, image, steps, values
from tests.needs import need_reference, need_target, shared_models
from tflite2int.compiler import convert
from tflite2int.errors import DoesNotFitError, EmulatorError, ToolchainError, UsageError
from tflite2int.verify import simavr, verify
from tflite2int.verify.device import check_fits
from tflite2int.verify.emulate import run
from tflite2int.verify.harness import FIRMWARE, WARNINGS, TraceRecord
from tflite2int.verify.host import compiler
from tflite2int.verify.image import HARNESS_FLAGS
from tflite2int.verify.targets import find_target

pytestmark = pytest.mark.emulator
MODELS = Path(__file__).parents[1] / "models"
CHIPS = ("atmega328p", "atmega32u4", "atmega2560")
NAKED = "__attribute__((naked)) void sum_predict(const int8_t *input, int32_t *output);\n"
# cycles from the AVR Instruction Set Manual (DS40002198), column AVRe+; X is the input, Z the output, r1 is 0
SEQUENCES = {
    "arithmetic": ("add r18, r19\n adc r18, r1\n subi r18, 3\n mov r19, r18\n movw r18, r24\n com r18\n asr r18", 7),
    "words": ("adiw r26, 5\n sbiw r26, 5", 4),
    "multiplication": ("mul r18, r19\n muls r18, r19\n mulsu r18, r19\n clr r1", 7),
    "loads and stores": ("ld r18, X\n ld r18, X+\n st Z, r18\n std Z+1, r18\n ldd r18, Z+1\n push r18\n pop r18", 14),
    "flash": ("movw r18, r30\n ldi r30, 0\n ldi r31, 0\n lpm r20, Z\n lpm r20, Z+\n movw r30, r18", 10),
    "ports": ("in r18, 0x3f\n out 0x3f, r18\n cli", 3),
    "branches": ("ldi r18, 5\n1: dec r18\n brne 1b\n rjmp 2f\n nop\n2: nop", 1 + 5 + 4 * 2 + 1 + 2 + 1),
    "skips": (
        "sbrc r1, 0\n rjmp 1f\n1: sbrs r1, 0\n nop\n sbrc r1, 0\n jmp 2f\n2: cpse r1, r1\n nop",
        2 + 1 + 1 + 3 + 2,
    ),
}


@pytest.fixture(autouse=True)
def _tools() -> None:
    need_target("atmega328p")


def naked(*lines: str) -> str:
    """A body of the hand-written function: these lines of assembler, and the return."""
    text = "".join(f'        "{line}\\n"\n' for line in (*lines, "ret"))
    return f"    __asm__ volatile(\n{text}    );\n    (void)input;\n    (void)output;\n"


@pytest.mark.parametrize("chip", CHIPS)
def test_cycles_are_those_of_the_instruction_set_manual(tmp_path: Path, chip: str) -> None:
    far = chip == "atmega2560"  # calls and returns have a byte more to move
    for name, (sequence, expected) in {
        **SEQUENCES,
        "calls": ("rcall 1f\n rjmp 2f\n1: ret\n2: nop", 10 + 2 * far),
    }.items():
        before = ("movw r26, r24", "movw r30, r22")
        built = image(tmp_path, chip, naked(*before, *sequence.split("\n")), NAKED)
        counted = run(built, ZEROS, count=True).counts[0]
        assert counted.cycles == 2 + expected + 4 + far, f"{name}: {counted}"


@pytest.mark.parametrize("chip", CHIPS)
def test_instructions_and_stack_are_exact(tmp_path: Path, chip: str) -> None:
    frame = ("in r28, 0x3d", "in r29, 0x3e", "sbiw r28, 60", "in r0, 0x3f", "cli", "out 0x3e, r29", "out 0x3f, r0")
    back = ("adiw r28, 60", "in r0, 0x3f", "cli", "out 0x3e, r29", "out 0x3f, r0", "out 0x3d, r28")
    lines = ("push r28", "push r29", *frame, "out 0x3d, r28", *back, "pop r29", "pop r28")
    result = run(image(tmp_path, chip, naked(*lines), NAKED), steps([1, 0, 0, 0, 0], [9, 0, 0, 0, 0]), count=True)
    assert result.instructions == (len(lines) + 1,) * 2
    assert result.stack == 62 + (3 if chip == "atmega2560" else 2)  # with the return address


def test_what_is_in_flash_and_what_in_ram(tmp_path: Path) -> None:
    before = """static const __flash int16_t table[50] = {1, 2, 3};
static const int8_t plain[30] = {4, 5, 6};
static int8_t arena[200];
"""
    body = """    arena[(uint8_t)input[0]] = plain[(uint8_t)input[1] & 15];
    output[0] = table[(uint8_t)input[2]] + arena[(uint8_t)input[3]];
"""
    built = image(tmp_path, "atmega328p", body, before)
    assert (built.sizes.constants, built.sizes.data, built.sizes.bss) == (100, 30, 200)
    assert built.sizes.ram == 230 and built.sizes.flash == built.sizes.code + 130
    assert values(run(built, steps([7, 2, 1, 7, 0], [7, 1, 2, 7, 0]))) == [2 + 6, 3 + 5]


def test_an_empty_model_costs_nothing(tmp_path: Path) -> None:
    built = image(tmp_path, "atmega328p", "    (void)input;\n    (void)output;\n")
    result = run(built, ZEROS, count=True)
    assert (built.sizes.flash, built.sizes.ram, result.stack) == (0, 0, 2)
    assert (result.counts[0].instructions, result.counts[0].cycles) == (1, 4)
    assert built.added == ()


def test_layers_are_counted_one_by_one(tmp_path: Path) -> None:
    before = """#define APART static __attribute__((noinline, noclone))
APART int32_t helper(int32_t x) { return x * x * 3; }
APART void first(const int8_t *x, int32_t *y) { *y = helper(x[0]); }
APART void second(const int8_t *x, int32_t *y) { *y += helper(x[1]) + helper(x[2]); }
"""
    built = image(tmp_path, "atmega32u4", "    first(input, output);\n    second(input, output);\n", before)
    plain = run(built, ZEROS, count=True).counts[0]
    apart = run(built, ZEROS, count=True, layers=("first", "second")).counts[0]
    assert (apart.instructions, apart.cycles) == (plain.instructions, plain.cycles)
    assert 0 < apart.own.cycles < apart.layers[0].cycles < apart.layers[1].cycles


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("((void (*)(void))0x3000)()", "a jump out of the code in 0x"),
        ('__asm__ volatile(".word 0x0001")', "an undefined instruction in layer_2"),
        ("*(volatile int8_t *)0x3000 = 1", "a write to no memory in layer_2"),
        ("(void)*(volatile int8_t *)0x3000", "a read of no memory in layer_2"),
        ("layer_2(go + 1), (void)*(volatile int8_t *)0x200", "the stack has run into the variables in layer_2"),
        ('__asm__ volatile("sleep")', "the processor has stopped in layer_2"),
    ],
)
def test_a_fault_names_cause_function_and_operator(tmp_path: Path, fault: str, cause: str) -> None:
    before = f"""void sum_trace(int operator_number, int output_number, const void *data, long bytes);
static __attribute__((noinline)) void layer_2(int go)
{{
    if (go >= 7) {{
        {fault};
    }}
}}
"""
    body = BODY + "    sum_trace(1, 0, output, 4);\n    layer_2(input[0]);\n    sum_trace(2, 0, output, 4);\n"
    built = image(tmp_path, "atmega328p", body, before)
    assert run(built, ZEROS, trace=True).trace == [[TraceRecord(1, 0, bytes(4)), TraceRecord(2, 0, bytes(4))]]
    with pytest.raises(EmulatorError, match=rf"sum on atmega328p: fault: {cause}.*, in step 1 after operator 1$"):
        run(built, ZEROS + steps([7, 0, 0, 0, 0]), trace=True)


def test_a_hang_is_stopped(tmp_path: Path) -> None:
    built = image(tmp_path, "atmega328p", BODY + "    while (*(volatile const int8_t *)input == 7) {}\n")
    assert values(run(built, ZEROS)) == [0]
    with pytest.raises(EmulatorError, match="sum on atmega328p: it took more than 1 s"):
        run(built, steps([7, 0, 0, 0, 0]), timeout=1)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("static int8_t big[3000];\n", "the program is .* bytes too large for 2,048 bytes of RAM"),
        ("static int8_t big[1990];\n", "the program is the stack too large for 2,048 bytes of RAM"),
        (
            "static const __flash int8_t big[32767] = {1};\n",
            "the program is .* bytes too large for 32,768 bytes of flash",
        ),
    ],
)
def test_what_the_linker_finds_too_large_is_told(tmp_path: Path, before: str, said: str) -> None:
    body = BODY + "    output[0] += big[(uint8_t)input[0] * 100];\n"
    if "const" not in before:
        body = "    big[(uint8_t)input[1] * 100] = 3;\n" + body
    with pytest.raises(DoesNotFitError, match=f"sum on atmega328p: {said}"):
        image(tmp_path, "atmega328p", body, before)


def test_constants_that_pointers_do_not_reach_are_refused(tmp_path: Path) -> None:
    """avr-gcc and its linker say nothing, and LPM wraps around: the sum would be wrong."""
    before = "".join(
        f"static const __flash int8_t {name}[30000] = {{{v}}};\n" for name, v in (("a", 1), ("b", 2), ("c", 3))
    )
    body = "    output[0] = {};\n".format(" + ".join(f"{name}[(uint8_t)input[0]]" for name in "abc"))
    with pytest.raises(DoesNotFitError, match="sum on atmega2560: constants reach beyond 64 KB"):
        image(tmp_path, "atmega2560", body, before)
    built = image(
        tmp_path, "atmega2560", body.replace(" + c[(uint8_t)input[0]]", ""), before.replace("static", "extern", 0)
    )
    assert values(run(built, ZEROS)) == [3]


@pytest.mark.parametrize(
    ("model", "chip", "said"),
    [
        ("tiny__vww_96_int8", "atmega2560", "tensor .* has .* bytes; an AVR's int has 16 bits"),
        ("tiny__ad01_int8", "atmega2560", r"operator 0 \(FULLY_CONNECTED\) weights has 81,920 bytes"),
        (
            "tiny__kws_ref_model",
            "atmega328p",
            r".* bytes of RAM \(arena .*, inputs and outputs 502, .*\) are too many for its 2,048",
        ),
    ],
)
def test_a_model_that_is_too_large_is_refused_before_it_is_compiled(model: str, chip: str, said: str) -> None:
    program = convert(shared_models() / "corpus" / f"{model}.tflite").program
    check_fits(program, find_target("cortex-m0"))
    with pytest.raises(DoesNotFitError, match=f"{program.name} on {chip}: {said}"):
        check_fits(program, find_target(chip))


def test_a_missing_library_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = image(tmp_path, "atmega328p")
    cc = tmp_path / "cc"
    cc.write_text(
        '#!/bin/sh\necho "simavr.c:1: fatal error: simavr/sim_avr.h: No such file or directory" >&2\nexit 1\n'
    )
    cc.chmod(0o755)
    monkeypatch.setenv("CC", str(cc))
    with pytest.raises(ToolchainError, match="simavr is missing") as caught:
        run(built, ZEROS)
    assert "apt install libsimavr-dev" in str(caught.value)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match="avr-gcc is missing") as caught:
        image(tmp_path, "atmega328p")
    assert "apt install gcc-avr avr-libc" in str(caught.value)


def test_the_firmware_has_no_warnings(tmp_path: Path) -> None:
    chosen = find_target("atmega2560")
    commands = [
        [
            chosen.toolchain.gcc.program,
            *chosen.flags,
            *chosen.toolchain.compile,
            *HARNESS_FLAGS,
            "-c",
            str(FIRMWARE / source),
        ]
        for source in chosen.toolchain.sources
    ]
    commands.append([*compiler(), "-std=c99", "-c", str(FIRMWARE / "simavr.c")])
    for command in commands:
        done = subprocess.run(
            [*command, *WARNINGS, "-o", "x.o"], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert set(simavr.CAUSES) == set(range(1, 7))


@pytest.mark.parametrize(
    ("model", "chip"),
    [
        *((model, chip) for model in ("sine", "gesture", "pose") for chip in CHIPS),
        ("kws", "atmega2560"),
        ("residual", "atmega2560"),
    ],
)
def test_our_models_are_identical_to_the_reference(model: str, chip: str) -> None:
    need_reference()
    samples = 5 if model in ("kws", "residual") else 20
    result = verify(MODELS / model / f"{model}.tflite", samples=samples, target=chip)
    assert result.passed and result.samples == samples and f"on {chip}" in str(result), str(result)


def test_samples_of_a_file_and_wrong_targets(tmp_path: Path) -> None:
    need_reference()
    np.save(tmp_path / "x.npy", np.linspace(0, 6, 5, dtype=np.float32).reshape(5, 1))
    model = MODELS / "sine" / "sine.tflite"
    assert verify(model, tmp_path / "x.npy", target="atmega328p", optimize="speed").samples == 5
    with pytest.raises(UsageError, match='no target "atmega8"'):
        verify(model, target="atmega8")
