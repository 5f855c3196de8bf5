"""Hand-written C on every emulated core: outputs, sizes, stack, counts, and what is said when it goes wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.hand_written import BODY, SUM, SUM_H, ZEROS, image, steps, values
from tests.needs import need_target
from tflite2int.errors import DoesNotFitError, EmulatorError, ToolchainError, UsageError
from tflite2int.verify import counter
from tflite2int.verify.counter import Count, Counts
from tflite2int.verify.emulate import run
from tflite2int.verify.harness import FIRMWARE, WARNINGS, Interface, TraceRecord
from tflite2int.verify.image import HARNESS_FLAGS, build
from tflite2int.verify.targets import AN385, ARM, MICROBIT, TARGETS, find_target

pytestmark = pytest.mark.emulator

ARM_TARGETS = [name for name, target in TARGETS.items() if target.toolchain is ARM]


@pytest.fixture(autouse=True)
def _tools() -> None:
    need_target("cortex-m0")


@pytest.mark.parametrize("target", ARM_TARGETS)
def test_every_core_gives_outputs_sizes_stack_and_counts(tmp_path: Path, target: str) -> None:
    # constants of 40 bytes, a variable of 12 with initial values, one of 100 without, and 8 words of stack
    before = """static const int32_t table[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static int32_t counted[3] = {1000, 2000, 3000};
static int8_t arena[100];
"""
    body = """    volatile int32_t local[8];
    int i;
    for (i = 0; i < 8; i++)
        local[i] = table[(input[0] + i) & 7];
    arena[input[1] & 63] = (int8_t)(arena[input[1] & 63] + 1);
    counted[0]++;
    output[0] = counted[0] + local[7] + 100 * arena[input[1] & 63] + input[4];
"""
    built = image(tmp_path, target, body, before)
    result = run(built, steps([0, 1, 0, 0, -9], [1, 1, 0, 0, 9], [0, 2, 0, 0, -128]), count=True)
    assert values(result) == [1001 + 8 + 100 - 9, 1002 + 1 + 200 + 9, 1003 + 8 + 100 - 128]
    assert built.sizes.constants in (40, 32)  # the compiler may see that the last two are never read
    assert built.sizes.data in (4, 12)
    assert 64 <= built.sizes.bss <= 100
    assert built.sizes.flash == built.sizes.code + built.sizes.constants + built.sizes.data
    assert 40 < built.sizes.code < 250
    assert 32 <= result.stack <= 80
    assert len(result.instructions) == 3 and 60 < result.instructions[0] == result.instructions[2] < 400
    assert not result.trace


@pytest.mark.parametrize("target", ARM_TARGETS)
def test_instructions_and_stack_are_exact(tmp_path: Path, target: str) -> None:
    body = """    __asm__ volatile(".syntax unified\\n"
                     "    movs r3, #0\\n"
                     "    ldrsb r2, [r0, r3]\\n"
                     "1:  nop\\n"
                     "    nop\\n"
                     "    subs r2, #1\\n"
                     "    bne 1b\\n"
                     "    push {r0, r1, r4-r7, lr}\\n" /* 28 bytes */
                     "    sub sp, #172\\n"
                     "    str r0, [sp]\\n"
                     "    add sp, #172\\n"
                     "    pop {r0, r1, r4-r7, pc}\\n");
    (void)input;
    (void)output;
"""
    naked = "__attribute__((naked)) void sum_predict(const int8_t *input, int32_t *output);\n"
    built = image(tmp_path, target, body, naked)
    result = run(built, steps([100, 0, 0, 0, 0], [1, 0, 0, 0, 0], [127, 0, 0, 0, 0]), count=True)
    assert result.instructions == tuple(2 + 4 * rounds + 5 for rounds in (100, 1, 127))
    assert result.stack == 28 + 172


def test_an_empty_model_costs_nothing(tmp_path: Path) -> None:
    built = image(tmp_path, "cortex-m4", "    (void)input;\n    (void)output;\n")
    result = run(built, ZEROS, count=True)
    assert (built.sizes.flash, built.sizes.ram, result.stack, result.instructions) == (0, 0, 0, (1,))
    assert built.added == ()
    assert values(result)[0] & 0xFFFFFFFF == 0xA5A5A5A5  # nothing was written


def test_only_what_the_model_calls_is_linked(tmp_path: Path) -> None:
    plain = image(tmp_path, "cortex-m0")
    assert not {name for name in plain.symbols if name.startswith(("__aeabi", "mem", "_sbrk", "__mem"))}
    body = "    output[0] = (int32_t)((int64_t)input[0] * input[1] / input[2]);\n"
    needy = image(tmp_path, "cortex-m0", body)
    assert {"__aeabi_lmul", "__aeabi_ldivmod"} & set(needy.added)
    body = "    volatile float x = (float)input[0];\n    output[0] = (int32_t)(x * 3.0f);\n"
    assert {"__aeabi_fmul", "__aeabi_i2f"} <= set(image(tmp_path, "cortex-m0", body).added)
    body = "    memset(arena, input[0], sizeof arena);\n    output[0] = arena[input[1]];\n"
    cleared = image(tmp_path, "cortex-m0", body, "#include <string.h>\nstatic int8_t arena[1000];\n")
    assert "memset" in cleared.added
    assert cleared.sizes.bss == 1000
    assert values(run(cleared, steps([-7, 3, 0, 0, 0]))) == [-7]


def test_the_m0_code_runs_on_an_m0_or_on_an_m3_where_it_is_too_large(tmp_path: Path) -> None:
    small = image(tmp_path, "cortex-m0")
    assert small.board == MICROBIT and values(run(small, steps([1, 2, 3, 4, 5]))) == [15]
    arena = "static int8_t arena[20000];\n"
    body = (
        BODY + "    arena[(unsigned char)input[0] * 78] = 1;\n    output[0] += arena[(unsigned char)input[1] * 78];\n"
    )
    large = image(tmp_path, "cortex-m0", body, arena)
    assert large.board == AN385 and large.sizes.bss == 20000
    assert values(run(large, steps([1, 2, 3, 4, 5], [1, 1, 0, 0, 0]))) == [15, 3]
    huge = "static const int8_t weights[5000000] = {1};\n"
    with pytest.raises(DoesNotFitError, match=r"sum on cortex-m0: the program is .* bytes too large for .* of flash"):
        image(tmp_path, "cortex-m0", "    output[0] = weights[input[0] * 1000];\n", huge)


@pytest.mark.parametrize("arena", ["", "static int8_t arena[20000];\n"])
def test_an_unaligned_access_faults_on_the_m0(tmp_path: Path, arena: str) -> None:
    body = "    output[0] = *(const volatile int32_t *)(const void *)input;\n"
    if arena:
        body += "    arena[(unsigned char)input[1]] = 1;\n    output[0] += arena[(unsigned char)input[2]];\n"
    built = image(tmp_path, "cortex-m0", body, arena)
    told = "fault .*an unaligned access in sum_predict" if arena else "fault .*in sum_predict"
    with pytest.raises(EmulatorError, match=rf"sum on cortex-m0 \({built.board.machine}\): {told}"):
        run(built, ZEROS)
    assert built.board == (AN385 if arena else MICROBIT)
    assert len(run(image(tmp_path, "cortex-m4", body, arena), ZEROS).outputs) == 1  # an M4 can do it


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("cortex-m0", '__asm__ volatile("udf #1")'),  # the micro:bit's model answers accesses to no memory
        ("cortex-m4", "*(volatile int32_t *)0xF0000000 = 1"),
        ("cortex-m33", '__asm__ volatile("udf #1")'),
        ("cortex-m33", "*(volatile int32_t *)0xF0000000 = 1"),
        ("cortex-m55", '__asm__ volatile("udf #1")'),
    ],
)
def test_a_fault_names_the_function_and_the_operator(tmp_path: Path, target: str, fault: str) -> None:
    before = f"""void sum_trace(int operator_number, int output_number, const void *data, long bytes);
static __attribute__((noinline)) void layer_2(int go)
{{
    if (go == 7)
        {fault};
}}
"""
    body = BODY + "    sum_trace(1, 0, output, 4);\n    layer_2(input[0]);\n    sum_trace(2, 0, output, 4);\n"
    built = image(tmp_path, target, body, before)
    result = run(built, ZEROS, trace=True)
    assert result.trace == [[TraceRecord(1, 0, bytes(4)), TraceRecord(2, 0, bytes(4))]]
    with pytest.raises(
        EmulatorError, match=r"fault \(exception [3-6]\).* in layer_2, called from .*, in step 1 after operator 1$"
    ):
        run(built, ZEROS + steps([7, 0, 0, 0, 0]), trace=True)
    with pytest.raises(EmulatorError, match=r"in layer_2, called from [a-z_]*$"):
        run(built, steps([7, 0, 0, 0, 0]))


def test_a_hang_is_stopped(tmp_path: Path) -> None:
    built = image(tmp_path, "cortex-m3", BODY + "    while (*(volatile const int8_t *)input == 7) {}\n")
    assert values(run(built, ZEROS)) == [0]
    with pytest.raises(EmulatorError, match=r"sum on cortex-m3 \(mps2-an385\): it took more than 1 s"):
        run(built, steps([7, 0, 0, 0, 0]), timeout=1)


@pytest.mark.parametrize("kib", [60, 70])
def test_more_stack_than_is_painted_is_not_called_a_peak(tmp_path: Path, kib: int) -> None:
    body = f"    volatile int8_t local[{kib * 1024}];\n    local[0] = 1;\n    output[0] = local[0] + input[0];\n"
    built = image(tmp_path, "cortex-m4", body)
    if kib < 64:
        assert kib * 1024 <= run(built, ZEROS).stack <= kib * 1024 + 64
    else:
        body = body.replace("local[0] = 1", "int i;\n    for (i = 0; i < 71680; i++)\n        local[i] = 1")
        with pytest.raises(EmulatorError, match="65536 bytes of stack and more"):
            run(image(tmp_path, "cortex-m4", body), ZEROS)


def test_wrong_inputs_and_targets_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no target "cortex-m1"'):
        find_target("cortex-m1")
    with pytest.raises(UsageError, match=r"step 0 is int8\[5\]"):
        run(image(tmp_path, "cortex-m4"), [[np.zeros(5, np.int8)]])
    assert run(image(tmp_path, "cortex-m4"), []).outputs == []


def test_a_warning_for_the_target_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"sum\.c: arm-none-eabi-gcc failed.*unused variable"):
        image(tmp_path, "cortex-m0", BODY + "    int unused;\n")


def test_missing_tools_name_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = image(tmp_path, "cortex-m3")
    only = tmp_path / "bin"
    only.mkdir()
    for name in ("cc", "as", "ld"):  # the host's compiler stays, for the counting plugin
        (only / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(only))
    for count in (False, True):
        with pytest.raises(ToolchainError, match="qemu-system-arm is missing") as caught:
            run(built, ZEROS, count=count)
        assert "apt install qemu-system-arm" in str(caught.value)
    with pytest.raises(ToolchainError, match="arm-none-eabi-gcc is missing") as caught:
        image(tmp_path, "cortex-m4")
    assert "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi" in str(caught.value)


def test_the_counter_distrusts_itself(tmp_path: Path) -> None:
    built = image(tmp_path, "cortex-m0")
    counts = tmp_path / "counts.txt"
    counts.write_text("4001:6001 \n10:11 \n12:13 \n")
    assert counter.read_counts(built, 2, 0) == (Counts(Count(10, 11), ()), Counts(Count(12, 13), ()))
    with pytest.raises(EmulatorError, match="counted 3 calls instead of 4"):
        counter.read_counts(built, 3, 0)
    for wrong in ("4002:6001", "4001:6002"):
        counts.write_text(f"{wrong} \n10:11 \n12:13 \n")
        with pytest.raises(EmulatorError, match=r"known loop is Count.instructions=4001, cycles=6001., it counted"):
            counter.read_counts(built, 2, 0)


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m55"])
def test_the_firmware_has_no_warnings(tmp_path: Path, target: str) -> None:
    chosen = find_target(target)
    for source in chosen.toolchain.sources:
        options = [*chosen.flags, *chosen.toolchain.compile, *HARNESS_FLAGS, *WARNINGS]
        command = [chosen.toolchain.gcc.program, *options, "-c", str(FIRMWARE / source)]
        done = subprocess.run([*command, "-o", "x.o"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["harness", "platform", "semihost", "startup", "measure"])
def test_no_name_of_the_harness_is_taken_from_the_model(tmp_path: Path, name: str) -> None:
    upper = name.upper()
    header = SUM_H.replace("SUM_", f"{upper}_").replace("sum_", f"{name}_")
    (tmp_path / f"{name}.h").write_text(f"#ifndef {upper}_H\n#define {upper}_H\n{header}#endif\n")
    function = f"void {name}_predict(const int8_t *input, int32_t *output)\n{{\n{BODY}}}\n"
    (tmp_path / f"{name}.c").write_text(f'#include "{name}.h"\n{function}')
    built = build("cortex-m0", tmp_path, Interface(name, SUM.inputs, SUM.outputs), tmp_path)
    assert values(run(built, steps([1, 2, 3, 4, 5]))) == [15]
