"""The CMake template: on this machine, on an emulated Cortex-M4, installed, and inside another project."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.boards.host import TOOLCHAIN, build_host, on_a_terminal, on_cortex_m4
from tests.boards.project import (
    NAMES,
    BuildFailed,
    build,
    model_file,
    quantized_samples,
    reference_answers,
    samples_file,
    write_project,
)
from tests.needs import need_reference, need_tool
from tflite2int.evaluate import evaluate
from tflite2int.graph import Array

WARNINGS = "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror"
CONSUMER = """
cmake_minimum_required(VERSION 3.16)
project(consumer C)
{how}
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE pose::pose)
"""
MAIN = """
#include <pose.h>

int main(void)
{
    int8_t input[POSE_INPUT_SIZE] = {0}, output[POSE_OUTPUT_SIZE];
    pose_predict(input, output);
    return output[0] == %d ? 0 : 1;
}
"""


@pytest.fixture(autouse=True)
def _needs() -> None:
    for program, package in (("cmake", "cmake"), ("ninja", "ninja-build"), ("cc", "gcc")):
        need_tool(program, package)
    need_reference()


def ask(command: Sequence[str | Path], samples: Array) -> list[list[int]]:
    """The numbers that the example prints for samples on its standard input."""
    typed = "\n".join(" ".join(map(str, sample)) for sample in samples)
    done = subprocess.run(command, input=typed + "\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("model", NAMES)
def test_the_example_answers_as_the_reference(model: str, tmp_path: Path) -> None:
    project = write_project("cmake", model, tmp_path / "project")
    printed = build_host(project, tmp_path / "build", WARNINGS)
    assert "warning" not in printed
    build(["ctest", "--test-dir", tmp_path / "build", "--no-tests=error"])
    example = tmp_path / "build" / f"{model}_example"
    assert build([example, "--self-test"]).startswith("PASS 8 samples")
    samples = quantized_samples(model, 20)
    assert np.array_equal(ask([example], samples), reference_answers(model, samples))


@pytest.mark.emulator
@pytest.mark.parametrize("model", NAMES)
def test_the_example_on_an_emulated_cortex_m4(model: str, tmp_path: Path) -> None:
    need_tool("arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi")
    need_tool("qemu-system-arm", "qemu-system-arm")
    project = write_project("cmake", model, tmp_path / "project")
    build_host(project, tmp_path / "build", f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}")
    example = tmp_path / "build" / f"{model}_example"
    assert build(on_cortex_m4(example, "--self-test")).startswith("PASS 8 samples")
    samples = quantized_samples(model, 3)
    assert np.array_equal(ask(on_cortex_m4(example), samples), reference_answers(model, samples))


@pytest.mark.parametrize("installed", [True, False], ids=["find_package", "add_subdirectory"])
def test_another_project_links_it(installed: bool, tmp_path: Path) -> None:
    project = write_project("cmake", "pose", tmp_path / "project")
    how = "find_package(pose 1.0 CONFIG REQUIRED)"
    if installed:
        build_host(project, tmp_path / "build")
        build(["cmake", "--install", tmp_path / "build", "--prefix", tmp_path / "prefix"])
    else:
        how = f"add_subdirectory({project} pose)"
    first = int(reference_answers("pose", np.zeros((1, 6), np.int8))[0, 0])
    consumer = tmp_path / "consumer"
    consumer.mkdir()
    (consumer / "CMakeLists.txt").write_text(CONSUMER.format(how=how))
    (consumer / "main.c").write_text(MAIN % first)
    build_host(consumer, tmp_path / "consumer_build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}")
    build([tmp_path / "consumer_build" / "consumer"])
    assert not list((tmp_path / "consumer_build").rglob("pose_example*"))


def test_evaluation_over_a_terminal(tmp_path: Path) -> None:
    project = write_project("cmake", "pose", tmp_path / "project")
    build_host(project, tmp_path / "build")
    with on_a_terminal([str(tmp_path / "build" / "pose_example"), "--evaluate"]) as port:
        result = evaluate(port, samples_file("pose"), model=model_file("pose"), samples=200)
    assert result.identical == result.samples == 200 and result.unit == "us"
    assert result.rmse is not None and 0 < result.rmse < 0.2 and result.top_1 is None


def test_a_wrong_known_result_fails_the_project_test(tmp_path: Path) -> None:
    project = write_project("cmake", "sine", tmp_path / "project")
    table = project / "src" / "sine_selftest.c"
    text = table.read_text()
    assert text.count("!= known_output") == 1
    table.write_text(text.replace("!= known_output", "== known_output"))
    build_host(project, tmp_path / "build")
    with pytest.raises(BuildFailed, match="0% tests passed"):
        build(["ctest", "--test-dir", tmp_path / "build"])
