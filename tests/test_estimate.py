"""The estimate of the code's size, against the compiler."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.needs import need_tool, shared_models
from tflite2int.compiler import convert
from tflite2int.emit.estimate import code_bytes

ROOT = Path(__file__).parents[1]
OURS = ("pose/pose", "pose/pose_int16x8", "gesture/gesture", "kws/kws", "residual/residual")
OTHERS = ("tiny__ad01_int8", "tiny__kws_ref_model", "tiny__pretrainedResnet_quant", "tiny__vww_96_int8")


@pytest.mark.parametrize("name", [*OURS, *OTHERS])
def test_the_estimate_is_about_right(name: str, tmp_path: Path) -> None:
    need_tool("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    folder = ROOT / "models" if "/" in name else shared_models() / "corpus"
    conversion = convert(folder / f"{name}.tflite", "model")
    for file, text in conversion.files().items():
        (tmp_path / file).write_text(text)
    compiler = ["arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb", "-Os", "-std=c99", "-c", "model.c"]
    subprocess.run(compiler, cwd=tmp_path, check=True)
    listing = subprocess.run(
        ["arm-none-eabi-size", "-A", "model.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split() for line in listing.splitlines() if line.startswith(".text")]
    assert code_bytes(conversion.source) == pytest.approx(sum(int(row[1]) for row in rows), rel=0.35)
