"""The emitted C: what it may contain, who compiles it, and that it is the same everywhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import golden
from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tests.needs import need_tool
from tflite2int.attributes import Arithmetic, FullyConnected
from tflite2int.compiler import Conversion, convert
from tflite2int.emit import c_identifier
from tflite2int.emit.text import comment
from tflite2int.verify.harness import WARNINGS

NAMES = ("sine", "image", "residual", "sixteen")


@pytest.fixture(scope="module")
def conversions() -> dict[str, Conversion]:
    return {conversion.name: conversion for conversion in golden.conversions()}


@pytest.mark.parametrize("name", NAMES)
def test_golden_files(name: str, conversions: dict[str, Conversion]) -> None:
    """A difference is a change of the emitted C: look at it, then renew with ``python -m tests.golden``."""
    for file, text in conversions[name].files().items():
        assert text == (golden.FOLDER / file).read_text()


@pytest.mark.parametrize("name", NAMES)
def test_needs_stdint_and_nothing_else(name: str, conversions: dict[str, Conversion]) -> None:
    code = re.sub(r"/\*.*?\*/", "", conversions[name].source + conversions[name].header, flags=re.DOTALL)
    assert set(re.findall(r"#include (\S+)", code)) == {"<stdint.h>", f'"{name}.h"'}
    assert not re.search(r"\b(float|double|malloc|free|printf|goto|union)\b|\d\.\d", code)
    assert max(map(len, conversions[name].source.splitlines())) <= 120


COMPILERS = {
    "gcc": (["gcc", "-std=c99"], "gcc"),
    "gcc -O0": (["gcc", "-std=c99", "-O0"], "gcc"),
    "clang": (["clang", "-std=c99"], "clang"),
    "g++": (["g++", "-std=c++17", "-x", "c++"], "g++"),
    "clang++": (["clang++", "-std=c++17", "-x", "c++"], "clang"),
    "cortex-m0": (["arm-none-eabi-gcc", "-std=c99", "-mcpu=cortex-m0", "-mthumb"], "gcc-arm-none-eabi"),
    "avr": (["avr-gcc", "-std=gnu99", "-mmcu=atmega328p"], "gcc-avr"),
    "avr c99": (["avr-gcc", "-std=c99", "-mmcu=atmega328p"], "gcc-avr"),
}


@pytest.mark.parametrize("optimize", ["size", "speed"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiles_without_a_warning(
    compiler: str, optimize: str, conversions: dict[str, Conversion], tmp_path: Path
) -> None:
    command, package = COMPILERS[compiler]
    need_tool(command[0], package)
    for name in NAMES:
        made = conversions[name]
        files = convert(golden.SINE, optimize=optimize).files() if name == "sine" else made.files()
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        flags = ["-O2"] if "-O0" not in command else []
        subprocess.run([*command, *flags, *WARNINGS, "-c", f"{name}.c", "-o", f"{name}.o"], cwd=tmp_path, check=True)


def test_avr_constants_stay_in_flash(conversions: dict[str, Conversion], tmp_path: Path) -> None:
    need_tool("avr-gcc", "gcc-avr")
    for file, text in conversions["image"].files().items():
        (tmp_path / file).write_text(text)
    subprocess.run(["avr-gcc", "-mmcu=atmega328p", "-Os", "-c", "image.c"], cwd=tmp_path, check=True)
    sizes = subprocess.run(["avr-size", "image.o"], cwd=tmp_path, check=True, capture_output=True, text=True)
    text_bytes, data, bss = (int(v) for v in sizes.stdout.splitlines()[1].split()[:3])
    assert text_bytes > 0 and data == 0 and bss == conversions["image"].program.arena_size


def test_the_same_bytes_in_every_process() -> None:
    code = "from tests import golden, needs; print(*(c.source + c.header for c in golden.conversions()))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[1],
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] and runs[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("3d-net", "model_3d_net"),
        ("int", "int_model"),
        ("../a b", "a_b"),
        ("été", "t"),
        ("", "model"),
        ("a__b", "a_b"),
        ("stdint", "stdint_model"),  # its stdint.h would be found by #include <stdint.h>
        ("Time", "Time_model"),
    ],
)
def test_names_become_c_identifiers(text: str, name: str) -> None:
    assert c_identifier(text) == name


def test_comments_cannot_be_left() -> None:
    nasty = comment('*/ int main(){} /* "x\n#include <x> ??/ \\ \u202e')
    assert "*/" not in nasty and "/*" not in nasty and "\n" not in nasty and "\\" not in nasty and "??/" not in nasty
    assert comment("*/*/").count("*/") == 0


@pytest.mark.parametrize("text", ["*\\ int x; /*", "\\*", "???/", "**//", "/*/", "*\\\\*", "*/" * 60])
def test_what_is_replaced_makes_no_comment_mark(text: str) -> None:
    safe = comment(text)
    assert not any(mark in safe for mark in ("*/", "/*", "??", "\\"))


def test_the_caller_may_own_the_arena(conversions: dict[str, Conversion], tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    need_tool("cc", "gcc")
    for file, text in conversions["sine"].files().items():
        (tmp_path / file).write_text(text)
    (tmp_path / "main.c").write_text(
        '#include "sine.h"\nint8_t sine_arena[SINE_ARENA_SIZE];\n'
        "int main(void) { int8_t x = 1, y = 0; sine_predict(&x, &y); return !sine_arena[0] && !sine_arena[1]; }\n"
    )
    command = [str(compiler), "-DSINE_EXTERNAL_ARENA", "sine.c", "main.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "main")], check=True)


def test_an_input_that_nothing_reads(tmp_path: Path) -> None:
    tensors = [T(name, "int8", (1, 4), 0.5, 3) for name in ("x", "unread", "y")]
    assert_identical(build(tensors, [Op("RELU", ["x"], ["y"])], ["x", "unread"], ["y"]), tmp_path)


def test_outputs_that_share_their_bytes(tmp_path: Path) -> None:
    """An output given twice, one that is an input, and one that is read on: each gets bytes of its own."""
    tensors = [T(name, "int8", (1, 4), 0.5, 3) for name in ("x", "y", "z")]
    operators = [Op("RELU", ["x"], ["y"]), Op("ADD", ["y", "x"], ["z"], Arithmetic())]
    assert_identical(build(tensors, operators, ["x"], ["y", "y", "x", "z"]), tmp_path)


def test_avr_stops_where_its_flash_pointers_do_not_reach(tmp_path: Path) -> None:
    """Three tables of 30,000 bytes: each has a size that a 16-bit int holds, but they end beyond 64 KB."""
    need_tool("avr-gcc", "gcc-avr")
    tensors = [T("x0", "int8", (1, 300), 0.5, 3)]
    operators = []
    for n in range(3):
        inputs, outputs = (300, 100) if n % 2 == 0 else (100, 300)
        tensors += [
            T(f"w{n}", "int8", (outputs, inputs), 0.01, data=[[n + 1] * inputs] * outputs),
            T(f"x{n + 1}", "int8", (1, outputs), 0.5, 3),
        ]
        operators.append(Op("FULLY_CONNECTED", [f"x{n}", f"w{n}"], [f"x{n + 1}"], FullyConnected()))
    (tmp_path / "big.tflite").write_bytes(build(tensors, operators, ["x0"], ["x3"]))
    for file, text in convert(tmp_path / "big.tflite").files().items():
        (tmp_path / file).write_text(text)
    done = subprocess.run(
        ["avr-gcc", "-mmcu=atmega2560", "-Os", "-c", "big.c"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0 and "first 64 KB of flash" in done.stderr
