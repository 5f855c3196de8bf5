"""The second C function on every compiler, and on an emulated Cortex-M0."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.entries import adapter, converted, run_entry
from tests.needs import need_tool
from tests.test_cli import failed
from tests.test_cli import run as command
from tests.test_emit import COMPILERS
from tests.test_emulate_models import SOFT_FLOAT, WIDE
from tests.test_raw_io import I8, I16, LISTS, carrier
from tflite2int.compiler import Conversion, convert
from tflite2int.verify.emulate import run
from tflite2int.verify.harness import WARNINGS
from tflite2int.verify.image import build

MODELS = Path(__file__).parents[1] / "models"
POSE, POSE16 = MODELS / "pose" / "pose.tflite", MODELS / "pose" / "pose_int16x8.tflite"
GESTURE = MODELS / "gesture" / "gesture.tflite"
IO = MODELS / "pose" / "io.toml"
GESTURE_RAW = '[input]\ntype = "int16"\nunit = "1/32768"\n'


def conversions(folder: Path) -> list[Conversion]:
    made = [convert(POSE, io=IO), convert(POSE16, io=IO), convert(POSE, io=IO, output="wide", optimize="speed")]
    made += [convert(POSE16, "wide16", io=IO, output="wide"), convert(GESTURE, output="argmax", optimize="speed")]
    made.append(converted(GESTURE, folder, GESTURE_RAW, "argmax+margin", name="gesture_raw"))
    for number, (case, (units, zeros, raw_type)) in enumerate(LISTS.items()):
        for dtype, scale in ((I8, 0.05), (I16, 0.0004)):  # the latter only in: a search for every pair takes its time
            toml = f'[input]\ntype = "{raw_type}"\nunit = [{", ".join(units)}]\nzero = [{", ".join(zeros)}]\n'
            toml += (
                f'[output]\ntype = "int16"\nunit = [{", ".join(units)}]\n' if "bits" not in case and dtype == I8 else ""
            )
            made.append(converted(carrier(dtype, len(units), scale, 0), folder, toml, name=f"list{number}{dtype}"))
    for number, keys in enumerate(
        ('"int32"\nunit = 1.1e-7', '"uint32"\nunit = 4.65e-10\nzero = 3e9', '"uint32"\nunit = 1')
    ):
        toml = f"[input]\ntype = {keys}\n"
        made.append(converted(carrier(I16, 5, 0.00004, 0), folder, toml, name=f"wide_raw{number}"))
    return made


@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiles_without_a_warning(compiler: str, tmp_path: Path) -> None:
    command, package = COMPILERS[compiler]
    need_tool(command[0], package)
    flags = ["-O2"] if "-O0" not in command else []
    for conversion in conversions(tmp_path):
        for file, text in conversion.files().items():
            (tmp_path / file).write_text(text)
        name = f"{conversion.name}.c"
        subprocess.run([*command, *flags, *WARNINGS, "-c", name, "-o", "out.o"], cwd=tmp_path, check=True)


def test_the_text_is_integers_only(tmp_path: Path) -> None:
    for conversion in conversions(tmp_path):
        code = re.sub(r"/\*.*?\*/", "", conversion.source + conversion.header, flags=re.DOTALL)
        assert not re.search(r"\b(float|double|int64_t\s+\w+_from)\b|\d\.\d", code)
        assert max(map(len, (conversion.source + conversion.header).splitlines())) <= 120


def test_the_command_line(tmp_path: Path) -> None:
    done = command(POSE, "--io", IO, "--output", "wide", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    source, header = (tmp_path / "pose" / "pose.c").read_text(), (tmp_path / "pose" / "pose.h").read_text()
    made = convert(POSE, io=IO, output="wide")
    assert (source, header) == (made.source, made.header)
    assert "function   pose_predict_raw" in done.stdout and "counts off" in done.stdout
    for said in ("raw: uint16[6], real value = 1/32768 * (raw - 32768)", "counts: int16[1,6], real value = "):
        assert said in done.stdout and said in header
    summary = json.loads(command(POSE, "--io", IO, "--json", "-o", "again", cwd=tmp_path).stdout)
    assert summary["function"] == "pose_predict_raw"
    assert [(c["name"], c["exact"]) for c in summary["counts"]] == [("raw", True), ("counts", True)]
    assert summary["arena_bytes"] == int(re.findall(r"ARENA_SIZE (\d+)", header)[0])
    (tmp_path / "bad.toml").write_text('[input]\ntype = "uint16"\nunit = 0\n')
    assert "bad.toml, [input] unit" in failed(command(POSE, "--io", "bad.toml", "-o", "bad", cwd=tmp_path))
    assert "wide, argmax" in failed(command(POSE, "--output", "best", "-o", "bad", cwd=tmp_path))
    assert not (tmp_path / "bad").exists()


@pytest.mark.emulator
@pytest.mark.parametrize("model", ["pose", "pose wide", "pose16", "pose16 wide", "gesture"])
def test_cortex_m0(model: str, tmp_path: Path) -> None:
    need_tool("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    need_tool("qemu-system-arm", "qemu-system-arm")
    if model == "gesture":
        conversion = converted(GESTURE, tmp_path, GESTURE_RAW, "argmax+margin")
        rng = np.random.default_rng(1)
        steps = [[row] for row in rng.integers(-32768, 32768, (20, 150)).astype(np.int16)]
    else:
        conversion = convert(POSE16 if "16" in model else POSE, io=IO, output="wide" if "wide" in model else None)
        raws = np.load(MODELS / "pose" / "testset.npz")["raw"][:60]
        steps = [[row] for row in raws] + [[np.full(6, end, np.uint16)] for end in (0, 65535)]
    expected = run_entry(conversion, tmp_path, steps)
    interface = adapter(conversion, tmp_path)
    image = build("cortex-m0", tmp_path, interface, tmp_path)
    result = run(image, steps)
    for got, wanted in zip(result.outputs, expected, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(got, wanted, strict=True))
    assert not [symbol for symbol in image.added if symbol.startswith(SOFT_FLOAT + WIDE)]
    # The first function is left out by the linker, and with it what only it needs.
    assert f"{conversion.name}_predict" not in image.symbols and "softmax_3" not in image.symbols
    print(f"{model}: {image.sizes.flash} bytes of flash, {image.sizes.ram + result.stack} of RAM with stack")
    if model != "gesture":
        assert image.sizes.flash < 2200 and image.sizes.ram + result.stack < 240
