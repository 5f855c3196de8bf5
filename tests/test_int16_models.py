"""Other people's models with 16-bit activations, and what is left out of the code for a Cortex-M0."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical, run_c
from tests.corpus import rows
from tests.needs import SHARED_MODELS, need_tool, shared_models
from tflite2int.compiler import convert
from tflite2int.graph import Array
from tflite2int.ops import supported
from tflite2int.reader import read_model

OPERATORS = SHARED_MODELS / "operators"
LATER = ("TRANSPOSE_CONV:1",)


def models() -> list[Path]:
    """Single-operator models of which every operator is one that is supported."""
    found = sorted(OPERATORS.glob("*_i16x8.tflite"))
    kinds = {p: {op.kind for op in read_model(p).operators} for p in found}
    # What PADV2 pads with is a float in this file.
    return [p for p in found if kinds[p] <= set(supported()) and p.stem != "padv2_i16x8"]


def test_the_models_are_there() -> None:
    """Without this the tests below would vanish in silence where they are missing."""
    shared_models()
    assert len(models()) >= 106 and len(seanet()) >= 60


@pytest.mark.parametrize("path", models(), ids=lambda path: path.stem)
def test_single_operators(path: Path, tmp_path: Path) -> None:
    assert_identical(path, tmp_path, steps=8, sanitize=True)


def seanet() -> list[str]:
    return [row["name"] for row in rows() if row["group"] == "seanet" and row["ops"] not in LATER]


@pytest.mark.parametrize("name", seanet())
def test_seanet_vectors_of_tensorflow_lite_micro(name: str, tmp_path: Path) -> None:
    """Its own integration test, which no interpreter of ours has touched."""
    need_tool("cc", "gcc")
    conversion = convert(SHARED_MODELS / "corpus" / f"{name}.tflite", "model")
    stem, ports = name.rpartition("seanet_")[2], conversion.program.inputs

    def vector(part: str) -> Array:
        path = SHARED_MODELS / "golden" / "seanet" / f"{stem}_{part}.csv"
        return np.loadtxt(path, np.int64, delimiter=",").reshape(-1)

    values = [vector(f"input{j}_{p.tensor.dtype.label}") for j, p in enumerate(ports)]
    step = [v.astype(p.tensor.dtype.numpy).reshape(p.tensor.shape) for v, p in zip(values, ports, strict=True)]
    [[result]] = run_c(conversion, tmp_path, [step], sanitize=True)
    assert np.array_equal(result.reshape(-1), vector("golden_int16"))


@pytest.mark.parametrize("optimize", ["-Os", "-O2"])
def test_no_64_bit_arithmetic_on_a_cortex_m0(optimize: str, tmp_path: Path) -> None:
    """All that a core without division needs is the 32-bit one of pools."""
    allowed = {"memcpy", "memset", "__aeabi_idiv", "__aeabi_uidiv"}
    shared_models()
    need_tool("arm-none-eabi-gcc", "gcc-arm-none-eabi")
    for path in models():
        for name, text in convert(path).files().items():
            (tmp_path / name).write_text(text)
        compiler = ["arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb", "-std=c99", optimize]
        subprocess.run([*compiler, "-c", f"{path.stem}.c", "-o", "model.o"], cwd=tmp_path, check=True)
        listing = ["arm-none-eabi-nm", "--undefined-only", "model.o"]
        symbols = subprocess.run(listing, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        assert set(symbols.replace("U ", "").split()) <= allowed, path.name
