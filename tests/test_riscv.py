"""RISC-V cores on QEMU: counts and stack exactly, what is in flash and what in RAM, and what a fault is called."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.hand_written import BODY, ZEROS, image, steps, values
from tests.needs import need_reference, need_target
from tflite2int.errors import DoesNotFitError, EmulatorError, ToolchainError
from tflite2int.verify import verify
from tflite2int.verify.emulate import run
from tflite2int.verify.harness import FIRMWARE, WARNINGS, TraceRecord
from tflite2int.verify.image import HARNESS_FLAGS
from tflite2int.verify.targets import find_target

pytestmark = pytest.mark.emulator
MODELS = Path(__file__).parents[1] / "models"
CORES = ("riscv32imc", "riscv32imac")


@pytest.fixture(autouse=True)
def _tools() -> None:
    need_target("riscv32imc")


@pytest.mark.parametrize("core", CORES)
def test_instructions_and_stack_are_exact(tmp_path: Path, core: str) -> None:
    lines = ["lb a2, 0(a0)", "1: nop", "addi a2, a2, -1", "bnez a2, 1b", "addi sp, sp, -208", "sw ra, 0(sp)"]
    lines += ["lw ra, 0(sp)", "addi sp, sp, 208", "ret"]
    text = "".join(f'        "{line}\\n"\n' for line in lines)
    body = f"    __asm__ volatile(\n{text}    );\n    (void)input;\n    (void)output;\n"
    naked = "__attribute__((naked)) void sum_predict(const int8_t *input, int32_t *output);\n"
    result = run(image(tmp_path, core, body, naked), steps([100, 0, 0, 0, 0], [1, 0, 0, 0, 0]), count=True)
    assert result.instructions == (1 + 3 * 100 + 5, 1 + 3 + 5)
    assert result.stack == 208 and result.counts[0].cycles == 0


@pytest.mark.parametrize("core", CORES)
def test_outputs_and_sizes(tmp_path: Path, core: str) -> None:
    before = """static const int32_t table[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static int32_t counted[3] = {1000, 2000, 3000};
static int8_t arena[100];
"""
    body = """    arena[input[1] & 63] = (int8_t)(arena[input[1] & 63] + 1);
    counted[input[2] & 1]++;
    output[0] = counted[input[2] & 1] + table[input[0] & 7] + 100 * arena[input[1] & 63] + input[4];
"""
    built = image(tmp_path, core, body, before)
    result = run(built, steps([0, 1, 0, 0, -9], [1, 1, 1, 0, 9], [0, 2, 0, 0, -128]), count=True)
    assert values(result) == [1001 + 1 + 100 - 9, 2001 + 2 + 200 + 9, 1002 + 1 + 100 - 128]
    assert (built.sizes.constants, built.sizes.data) in ((40, 12), (32, 12), (40, 8), (32, 8))
    assert 64 <= built.sizes.bss <= 104 and 40 < built.sizes.code < 250
    assert built.sizes.flash == built.sizes.code + built.sizes.constants + built.sizes.data


def test_an_empty_model_costs_nothing(tmp_path: Path) -> None:
    built = image(tmp_path, "riscv32imc", "    (void)input;\n    (void)output;\n")
    result = run(built, ZEROS, count=True)
    assert (built.sizes.flash, built.sizes.ram, result.stack, result.instructions) == (0, 0, 0, (1,))
    assert built.added == ()


def test_compressed_instructions_only_where_the_core_has_them(tmp_path: Path) -> None:
    """and no atomic, floating-point or 64-bit ones: the emulated core has only what its name says."""
    built = image(tmp_path, "riscv32imc")
    header = subprocess.run(
        ["riscv64-unknown-elf-readelf", "-A", str(built.elf)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert "rv32i" in header and "_m2p0_c2p0" in header and "_f2" not in header and "_a2" not in header
    for fault in (".word 0x00b6a5af", ".word 0x00b57553"):  # amoadd.w, fadd.s
        body = BODY + f'    if (input[0] == 7)\n        __asm__ volatile("{fault}" : : : "memory");\n'
        broken = image(tmp_path, "riscv32imc", body)
        assert values(run(broken, ZEROS)) == [0]
        with pytest.raises(EmulatorError, match=r"fault \(exception 2\): an undefined instruction in sum_predict"):
            run(broken, steps([7, 0, 0, 0, 0]))


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ('__asm__ volatile("unimp")', r"\(exception 2\): an undefined instruction in layer_2"),
        ("*(volatile int32_t *)0xF0000000 = 1", r"\(exception 7\): a store to no memory in layer_2"),
        ("(void)*(volatile int32_t *)0xF0000000", r"\(exception 5\): a load from no memory in layer_2"),
    ],
)
def test_a_fault_names_cause_function_and_operator(tmp_path: Path, fault: str, cause: str) -> None:
    before = f"""void sum_trace(int operator_number, int output_number, const void *data, long bytes);
static __attribute__((noinline)) void layer_2(int go)
{{
    if (go == 7)
        {fault};
}}
"""
    body = BODY + "    sum_trace(1, 0, output, 4);\n    layer_2(input[0]);\n    sum_trace(2, 0, output, 4);\n"
    built = image(tmp_path, "riscv32imac", body, before)
    assert run(built, ZEROS, trace=True).trace == [[TraceRecord(1, 0, bytes(4)), TraceRecord(2, 0, bytes(4))]]
    with pytest.raises(
        EmulatorError, match=rf"sum on riscv32imac \(virt\): fault {cause}.*, in step 1 after operator 1$"
    ):
        run(built, ZEROS + steps([7, 0, 0, 0, 0]), trace=True)


def test_a_lost_stack_is_a_fault_too(tmp_path: Path) -> None:
    body = BODY + '    __asm__ volatile("li sp, 0xF0000000\\nsw ra, 0(sp)" : : : "memory");\n'
    with pytest.raises(EmulatorError, match=r"\(exception 7\): a store to no memory in sum_predict"):
        run(image(tmp_path, "riscv32imc", body), ZEROS)


def test_a_hang_is_stopped(tmp_path: Path) -> None:
    built = image(tmp_path, "riscv32imc", BODY + "    while (*(volatile const int8_t *)input == 7) {}\n")
    assert values(run(built, ZEROS)) == [0]
    with pytest.raises(EmulatorError, match=r"sum on riscv32imc \(virt\): it took more than 1 s"):
        run(built, steps([7, 0, 0, 0, 0]), timeout=1)


def test_what_is_too_large_is_told(tmp_path: Path) -> None:
    huge = "static const int8_t weights[9000000] = {1};\n"
    with pytest.raises(DoesNotFitError, match=r"sum on riscv32imc: the program is .* bytes too large for .* of flash"):
        image(tmp_path, "riscv32imc", "    output[0] = weights[input[0] * 1000];\n", huge)


def test_missing_tools_name_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = image(tmp_path, "riscv32imc")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match="qemu-system-riscv32 is missing") as caught:
        run(built, ZEROS)
    assert "apt install qemu-system-misc" in str(caught.value)
    with pytest.raises(ToolchainError, match="riscv64-unknown-elf-gcc is missing") as caught:
        image(tmp_path, "riscv32imc")
    assert "apt install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf" in str(caught.value)


def test_the_firmware_has_no_warnings(tmp_path: Path) -> None:
    chosen = find_target("riscv32imc")
    for source in chosen.toolchain.sources:
        options = [*chosen.flags, *chosen.toolchain.compile, *HARNESS_FLAGS, *WARNINGS]
        command = [chosen.toolchain.gcc.program, *options, "-c", str(FIRMWARE / source), "-o", "x.o"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("model", ["sine", "gesture", "pose", "kws", "residual"])
def test_our_models_are_identical_to_the_reference(model: str, core: str) -> None:
    need_reference()
    result = verify(MODELS / model / f"{model}.tflite", target=core, optimize="speed" if core == CORES[0] else "size")
    assert result.passed and f"on {core}" in str(result), str(result)
