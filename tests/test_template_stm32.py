"""The STM32 template, run on QEMU's STM32F100 and STM32F405 boards: what they send is the reference's answer."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.boards.project import (
    NAMES,
    Terminal,
    build,
    model_file,
    quantized_samples,
    reference_answers,
    samples_file,
    write_project,
)
from tests.boards.stm32 import CUBE, FAMILIES, MACHINES, build_image, need_stm32, running, serial_line
from tests.needs import need_reference, need_tool
from tflite2int.compiler import convert
from tflite2int.evaluate import evaluate
from tflite2int.templates import find_template

pytestmark = pytest.mark.emulator
EVERY_BYTE = np.arange(-128, 128, dtype=np.int8).reshape(-1, 1)


@pytest.fixture(autouse=True)
def _needs() -> None:
    need_stm32()
    need_reference()


@pytest.mark.parametrize("family", MACHINES)
@pytest.mark.parametrize("model", [name for name in NAMES if name != "sine"])
def test_the_example_answers_as_the_reference(model: str, family: str, tmp_path: Path) -> None:
    project = write_project("stm32cube", model, tmp_path)
    image = build_image(project, family, "-DSELF_TEST=ON")
    assert "warning" not in image.printed
    samples = quantized_samples(model, 3)
    with serial_line(image) as line:
        terminal = Terminal(line)
        told = re.fullmatch(r"PASS 8 samples, at most (\d+) cycles", terminal.next_line())
        assert told and int(told[1]) > 1000
        terminal.next_line(f"{model} begins")
        answers = [terminal.ask(sample) for sample in samples]
    assert np.array_equal(answers, reference_answers(model, samples))


@pytest.mark.parametrize("family", MACHINES)
def test_the_sine_fades_through_all_inputs(family: str, tmp_path: Path) -> None:
    image = build_image(write_project("stm32cube", "sine", tmp_path), family)
    with serial_line(image) as line:
        terminal = Terminal(line)
        terminal.next_line("sine begins")
        printed = [[int(word) for word in terminal.next_line().split()] for _ in range(300)]
    wanted = np.hstack([EVERY_BYTE, reference_answers("sine", EVERY_BYTE)])
    assert np.array_equal(printed, np.vstack([wanted, wanted[:44]]))


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - set(MACHINES)))
def test_the_other_families_build(family: str, tmp_path: Path) -> None:
    project = write_project("stm32cube", "kws", tmp_path)
    arena = convert(model_file("kws")).program.arena_size
    for options in ((), ("-DEVALUATE=ON",)):
        image = build_image(project, family, *options)
        assert "warning" not in image.printed
        assert image.memory.flash > 4000 and image.memory.ram > arena


def test_evaluation_of_a_board(tmp_path: Path) -> None:
    image = build_image(write_project("stm32cube", "kws", tmp_path), "f1", "-DEVALUATE=ON")
    with running(image) as port:
        result = evaluate(port, samples_file("kws"), model=model_file("kws"), samples=12)
    assert result.identical == result.samples == 12 and result.unit == "cycles" and result.ticks[0] > 10_000
    assert result.top == 3 and result.top_1 is not None and result.top_k is not None
    assert result.top_1 <= result.top_k and len(result.confusion) == 6


@pytest.mark.parametrize("model", ["sine", "pose"])
@pytest.mark.parametrize("dwt", [False, True])
def test_a_cubemx_project_with_the_lines_that_are_printed(model: str, dwt: bool, tmp_path: Path) -> None:
    """HAL and CMSIS are stand-ins: this shows that the lines are enough and that the calls have their types."""
    need_tool("cc", "gcc")
    shutil.copytree(CUBE, tmp_path, dirs_exist_ok=True)
    write_project("stm32cube", model, tmp_path)
    cmake_line, include, call = (
        line.strip().replace("@NAME@", model)
        for line in find_template("stm32cube").next.splitlines()
        if line.startswith("          ")
    )
    lists, main = tmp_path / "CMakeLists.txt", tmp_path / "Core" / "Src" / "main.c"
    lists.write_text(lists.read_text() + cmake_line + "\n")
    main.write_text(
        main.read_text()
        .replace("USER CODE BEGIN Includes */\n", f"USER CODE BEGIN Includes */\n{include}\n")
        .replace("USER CODE BEGIN 3 */\n", f"USER CODE BEGIN 3 */\n{call}\n")
    )
    defines = f"-DAPP_{model.upper()}_SELF_TEST=1" + (" -DWITH_DWT" if dwt else "")
    build(["cmake", "-G", "Ninja", "-B", "build", "-S", ".", f"-DCMAKE_C_FLAGS={defines}"], tmp_path)
    build(["cmake", "--build", "build"], tmp_path)
    samples = EVERY_BYTE if model == "sine" else quantized_samples(model, 3)
    typed = "" if model == "sine" else "".join(" ".join(map(str, sample)) + "\n" for sample in samples)
    command = [tmp_path / "build" / "cube"]
    done = subprocess.run(command, input=typed.encode(), stdout=subprocess.PIPE, timeout=60)
    lines = done.stdout.decode().split("\n")
    assert lines[0].startswith("PASS 8 samples") and lines[1].startswith(f"{model} begins")
    wanted = reference_answers(model, samples).astype(int)
    if model == "sine":
        assert lines[2:258] == [
            f"{x} {y} \rduty {y + 128}" for x, y in zip(range(-128, 128), wanted[:, 0], strict=True)
        ]
    else:
        assert [[int(word) for word in line.split()] for line in lines[2:5]] == wanted.tolist()
