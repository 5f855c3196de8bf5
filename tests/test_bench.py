"""Figures of a model on an emulated core: what they are made of, budgets and clocks, and failures that name a layer."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import tflite2int
from tests import model_builder
from tests.hand_written import image, steps
from tests.model_builder import Op, T
from tests.needs import need_reference, need_target, need_tool
from tests.test_cli import failed, run
from tflite2int.bench import bench
from tflite2int.budget import Budget, known_verdicts, parse_clock, parse_size
from tflite2int.compiler import Conversion, convert
from tflite2int.errors import DoesNotFitError, EmulatorError, UsageError
from tflite2int.verify import available, check, device, emulate, verify
from tflite2int.verify.device import run_on_target
from tflite2int.verify.harness import interface_of
from tflite2int.verify.image import DEBUG, build
from tflite2int.verify.samples import default_inputs
from tflite2int.verify.targets import find_target

pytestmark = pytest.mark.emulator
MODELS = Path(__file__).parents[1] / "models"
GESTURE = MODELS / "gesture" / "gesture.tflite"
bench_module = __import__("tflite2int.bench", fromlist=["bench"])


@pytest.mark.parametrize("target", ["cortex-m0", "riscv32imc"])
def test_layers_are_counted_exactly(tmp_path: Path, target: str) -> None:
    need_target(target)
    loop = {
        "cortex-m0": "nop\\n nop\\n sub %0, #1\\n bne 1b",
        "riscv32imc": "nop\\n nop\\n addi %0, %0, -1\\n bnez %0, 1b",
    }
    before = f"""static __attribute__((noinline, noclone)) void spin(int n)
{{
    __asm__ volatile("1: {loop[target]}" : "+r"(n));
}}
static void first(int n) {{ spin(n); }}
static void second(int n) {{ spin(n); spin(n); }}
"""
    body = "    first(input[0]);\n    second(input[0]);\n    first(1);\n    output[0] = 0;\n"
    built = image(tmp_path, target, body, before, "-O1")
    layers = ("first", "second", "third")
    small, large = emulate.run(built, steps([10, 0, 0, 0, 0], [110, 0, 0, 0, 0]), count=True, layers=layers).counts
    whole = emulate.run(built, steps([10, 0, 0, 0, 0]), count=True).counts[0]
    assert small.instructions == whole.instructions and small.cycles == whole.cycles
    grown = [b.instructions - a.instructions for a, b in zip(small.layers, large.layers, strict=True)]
    assert grown == [4 * 100, 2 * 4 * 100, 0]
    assert small.own == large.own and small.layers[2].instructions == 0
    assert 44 < small.layers[0].instructions < 70 and 80 < small.layers[1].instructions < 110


@pytest.mark.parametrize("target", ["cortex-m0", "atmega328p", "riscv32imc"])
@pytest.mark.parametrize("optimize", ["size", "speed"])
def test_the_figures_of_a_model(target: str, optimize: str) -> None:
    need_target(target)
    program = convert(GESTURE).program
    result = tflite2int.bench(GESTURE, target, optimize=optimize)
    assert (result.model, result.target, result.macs) == ("gesture", target, program.macs)
    assert result.flash["weights"] == program.weight_bytes == 1560
    assert result.flash["tables"] >= program.constant_bytes - program.weight_bytes
    assert result.ram["static"] in range(program.arena_size, program.arena_size + 2)
    assert result.ram["inputs and outputs"] == 152
    assert [layer.name for layer in result.layers] == [layer.name for layer in program.layers]
    assert [layer.macs for layer in result.layers] == [1500, 50, 10, 0]
    work = [layer.work for layer in result.layers]
    assert work[0] > work[1] > work[2] > result.outside.work > 0
    whole = result.instructions if result.cycles is None else result.cycles
    assert sum(work) + result.outside.work == whole
    assert result.cycle_source == {"cortex-m0": "modelled", "atmega328p": "simulated", "riscv32imc": ""}[target]
    assert (result.cycles is None) == (target == "riscv32imc")


def test_equal_layers_that_became_one_function(tmp_path: Path) -> None:
    need_target("cortex-m0")
    tensors = [T("x", "int8", (1, 64), 0.05), T("y", "int8", (1, 64), 1 / 128), T("z", "int8", (1, 64), 1 / 128)]
    path = tmp_path / "twice.tflite"
    path.write_bytes(
        model_builder.build(tensors, [Op("TANH", ["x"], ["y"]), Op("TANH", ["x"], ["z"])], ["x"], ["y", "z"])
    )
    result = bench(path, "cortex-m0")
    assert [layer.instructions == 0 for layer in result.layers] == [False, True]
    assert result.layers[0].instructions + result.outside.instructions == result.instructions
    assert "merged with an equal one" in result.text()
    assert "merged with an equal one" not in bench(GESTURE, "cortex-m0").text()


def test_the_whole_is_the_emitted_code_from_call_to_return(tmp_path: Path) -> None:
    need_target("cortex-m4")
    conversion = convert(GESTURE)
    for name, text in conversion.files().items():
        (tmp_path / name).write_text(text)
    built = build("cortex-m4", tmp_path, interface_of(conversion.program), tmp_path, "-Os")
    ran = emulate.run(built, default_inputs(conversion.program, 5), count=True)
    result = bench(GESTURE, "cortex-m4")
    longest = max(ran.counts, key=lambda counts: counts.cycles)
    assert (result.instructions, result.cycles) == (longest.instructions, longest.cycles)
    assert result.ram["stack"] == ran.stack and result.flash_bytes == built.sizes.flash
    assert "modelled from the core's published timings" in result.text() and " ms" not in result.text()
    assert result.seconds(1e6) == longest.cycles / 1e6


@pytest.mark.parametrize("target", ["cortex-m4", "atmega328p", "riscv32imc"])
def test_debugging_information_changes_no_instruction(tmp_path: Path, target: str) -> None:
    need_target(target)
    chosen = find_target(target)
    for name, text in convert(MODELS / "kws" / "kws.tflite").files().items():
        (tmp_path / name).write_text(text)
    objects = []
    for debug in ((), DEBUG):
        command = [chosen.toolchain.gcc.program, *chosen.flags, *chosen.toolchain.compile, "-O2", *debug]
        subprocess.run([*command, "-c", "kws.c", "-o", "kws.o"], cwd=tmp_path, check=True, timeout=60)
        copy = [chosen.toolchain.tool("objcopy").program, "-O", "binary", "-j", ".text", "kws.o", "kws.bin"]
        subprocess.run(copy, cwd=tmp_path, check=True, timeout=60)
        objects.append((tmp_path / "kws.bin").read_bytes())
    assert len(objects[0]) > 1000 and objects[0] == objects[1]


def test_sizes_and_clocks_as_the_user_writes_them() -> None:
    assert [parse_size(text) for text in ("2048", "8K", "8 KB", "8kib", "1M")] == [2048, 8192, 8192, 8192, 1 << 20]
    assert [parse_clock(text) for text in ("48MHz", "48 mhz", "32.768kHz", "16000000", "1G")] == [
        48e6,
        48e6,
        32768,
        16e6,
        1e9,
    ]
    for text in ("", "K", "-1K", "8G", "1.5K", "0x10"):
        with pytest.raises(UsageError, match="is no size"):
            parse_size(text)
    for text in ("", "MHz", "0", "-1MHz", "48 apples"):
        with pytest.raises(UsageError, match="is no clock"):
            parse_clock(text)


def test_budgets_are_exact_limits() -> None:
    program = convert(GESTURE).program
    ram, flash = program.arena_size + 152, program.constant_bytes
    for limits, passed in (((ram, flash), (True, True)), ((ram - 1, flash - 1), (False, False))):
        found = known_verdicts(program, Budget(*limits))
        assert [verdict.passed for verdict in found] == list(passed)
        assert [verdict.used for verdict in found] == [ram, flash]
    assert "so far PASS (arena 15, inputs and outputs 152; stack not counted)" in str(
        known_verdicts(program, Budget(999))[0]
    )
    assert known_verdicts(program, Budget()) == ()


def test_convert_says_at_once_what_is_exceeded(tmp_path: Path) -> None:
    done = run(GESTURE, "--ram", "1K", "--flash", "4K", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.count("so far PASS") == 2
    done = run(GESTURE, "--ram", "100", "--json", cwd=tmp_path)
    said = json.loads(done.stdout)["verdicts"]
    assert done.returncode == 1 and [verdict["passed"] for verdict in said] == [False]
    assert "is no size" in failed(run(GESTURE, "--flash", "many", cwd=tmp_path))


def test_the_command_gives_a_table_or_json_and_a_verdict(tmp_path: Path) -> None:
    need_target("atmega328p")
    command = ("bench", GESTURE, "--target", "atmega328p")
    result = bench(GESTURE, "atmega328p")
    done = run(
        *command, "--clock", "16MHz", "--ram", str(result.ram_bytes), "--flash", str(result.flash_bytes), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    for said in ("FULLY_CONNECTED", "SOFTMAX", "1,560", f"{result.cycles:,}", " ms at 16 MHz", "of the simulated chip"):
        assert said in done.stdout
    assert done.stdout.count(": PASS (") == 2
    if result.compiler.startswith("avr-gcc 5.4.0 "):  # Debian's
        shown = (MODELS.parent / "README.md").read_text()
        assert all(line in shown for line in done.stdout.splitlines() if line.startswith(("flash", "work", "cycles")))
    done = run(*command, "--ram", str(result.ram_bytes - 1), "--json", "--clock", "16MHz", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert done.returncode == 1 and said["verdicts"][0]["passed"] is False
    assert said["cycles"] == result.cycles and said["seconds"] == pytest.approx((result.cycles or 0) / 16e6)
    assert [layer["kind"] for layer in said["layers"]] == [layer.kind for layer in result.layers]


def test_what_cannot_be_measured_is_told(tmp_path: Path) -> None:
    assert 'no target "avr"' in failed(run("bench", GESTURE, "--target", "avr", cwd=tmp_path))
    assert "too many for its 2,048" in failed(
        run("bench", MODELS / "kws" / "kws.tflite", "--target", "atmega328p", cwd=tmp_path)
    )
    assert "is no clock" in failed(run("bench", GESTURE, "--target", "cortex-m0", "--clock", "fast", cwd=tmp_path))
    with pytest.raises(DoesNotFitError):
        bench(MODELS / "kws" / "kws.tflite", "atmega328p")


def test_this_machine_is_measured_too() -> None:
    """Counted by the same plugin, which checks itself; its emulator is asked for by name where it is missing."""
    need_tool("cc", "gcc")
    need_tool("qemu-x86_64", "qemu-user")
    result = bench(GESTURE, "host")
    assert [layer.macs for layer in result.layers] == [1500, 50, 10, 0] and result.cycles is None
    assert all(layer.instructions > layer.macs for layer in result.layers)
    assert 2 * 1500 < result.layers[0].instructions < 10 * 1500
    assert result.flash["weights"] == 1560 and result.ram["static"] == convert(GESTURE).program.arena_size
    assert 40 < result.ram["stack"] < 400


def test_a_machine_that_is_not_measured_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(UsageError, match="only x86-64 is"):
        bench(GESTURE, "host")
    assert available.availability()[0].counts == ""


def test_targets_are_listed(tmp_path: Path) -> None:
    done = run("targets", cwd=tmp_path)
    assert done.returncode == 0
    for name in ("host", "cortex-m0plus", "cortex-m55", "atmega2560", "riscv32imac"):
        assert f"\n{name} " in done.stdout
    said = json.loads(run("targets", "--json", cwd=tmp_path).stdout)["targets"]
    assert {entry["name"]: entry["counts"] for entry in said}["atmega328p"] == "cycles, simulated"


def test_targets_name_the_packages_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cc = tmp_path / "cc"
    cc.write_text("#!/bin/sh\ntest $# -lt 2\n")  # it is there, and finds no header
    cc.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.delenv("CC", raising=False)
    available._runs.cache_clear()
    try:
        entries = available.availability()
    finally:
        available._runs.cache_clear()
    missing = {entry.name: entry.missing for entry in entries}
    assert missing["host"] == () and entries[0].counts == ""
    assert missing["cortex-m4"] == ("gcc-arm-none-eabi libnewlib-arm-none-eabi", "qemu-system-arm")
    assert missing["atmega328p"] == ("gcc-avr avr-libc", "libsimavr-dev")
    assert missing["riscv32imc"] == ("gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf", "qemu-system-misc")
    listed = available.listing(entries).splitlines()
    assert any(
        line.startswith("atmega2560") and line.endswith("apt install gcc-avr avr-libc libsimavr-dev") for line in listed
    )


def altered(old: str, new: str) -> Callable[..., Conversion]:
    """A ``convert`` whose C has one place changed."""

    def conversion(*arguments: object, **options: object) -> Conversion:
        given = convert(*arguments, **options)  # type: ignore[arg-type]
        assert given.source.count(old) == 1
        return replace(given, source=given.source.replace(old, new))

    return conversion


def test_a_fault_is_placed_in_its_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    need_target("cortex-m0")
    need_reference()
    call = "fully_connected(&fully_connected_2_parameters"
    faulty = altered(f"    {call}", f'    __asm__ volatile("udf #1");\n    {call}')
    for module in (bench_module, device, check):
        monkeypatch.setattr(module, "convert", faulty)
    for attempt in (lambda: bench(GESTURE, "cortex-m0"), lambda: verify(GESTURE, target="cortex-m0", samples=2)):
        with pytest.raises(EmulatorError, match=r"gesture on cortex-m0 .*: fault .*, in step 0 after operator 1$"):
            attempt()


@pytest.mark.parametrize("target", ["riscv32imc", "atmega328p"])
def test_a_wrong_layer_is_named(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    need_target(target)
    need_reference()
    call = "fully_connected(&fully_connected_1_parameters, input, output);"
    monkeypatch.setattr(check, "convert", altered(call, f"{call}\n    output[3] ^= 1;"))
    result = verify(GESTURE, target=target)
    assert result.operator is not None and "operator 1 (FULLY_CONNECTED)" in str(result.operator)
    assert result.operator.index == (0, 3) and result.operator.count == 1
    monkeypatch.undo()
    assert verify(GESTURE, target=target).passed


def test_the_conversion_runs_on_a_target(tmp_path: Path) -> None:
    need_target("cortex-m55")
    conversion = convert(GESTURE)
    ran = run_on_target(conversion, "cortex-m55", "speed", default_inputs(conversion.program, 2))
    assert len(ran.outputs) == 2 and not ran.counts
