"""Files made to mislead: conversion ends in a typed error of a few lines, or in C that means no harm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compare import assert_identical
from tests.needs import SHARED_MODELS, shared_models
from tflite2int.compiler import convert
from tflite2int.errors import InternalError, MalformedModelError, Tflite2IntError, UnsupportedModelError

# What only an operator's own checks can find; the reader finds the rest.
BY_OPERATORS = {
    "h07_missing_quant": "must have one scale and one zero point",
    "h10_zero_size": "its shape [0] has no elements",
    "h12_custom_op": "custom: the file does not tell what it computes",
}


def verdicts() -> dict[str, str]:
    """Name of each file and what the folder's README says a converter should do."""
    readme = SHARED_MODELS / "hostile" / "README"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else []
    rows = [line.split(" | ") for line in lines]
    return {row[0].removesuffix(".tflite"): row[2] for row in rows if row[0].endswith(".tflite")}


REJECTED = [name for name, verdict in verdicts().items() if not verdict.startswith("accept")]


@pytest.mark.parametrize("name", REJECTED or ["none"])
def test_rejected(name: str) -> None:
    path = shared_models() / "hostile" / f"{name}.tflite"
    with pytest.raises(Tflite2IntError) as caught:
        convert(path)
    error = caught.value
    assert not isinstance(error, InternalError)
    assert isinstance(error, UnsupportedModelError if name in BY_OPERATORS else MalformedModelError)
    assert BY_OPERATORS.get(name, "") in str(error)
    lines = str(error).splitlines()
    assert len(lines) <= 6
    assert all(line.isascii() and line.isprintable() and len(line) < 300 for line in lines)


def test_all_files_are_known() -> None:
    folder = shared_models() / "hostile"
    assert set(verdicts()) == {path.stem for path in folder.glob("*.tflite")} and len(REJECTED) >= 30


@pytest.mark.parametrize("name", ["h00_control_repacked", "h11_name_injection"])
def test_accepted(name: str, tmp_path: Path) -> None:
    path = shared_models() / "hostile" / f"{name}.tflite"
    assert verdicts()[name].startswith("accept")
    conversion = assert_identical(path, tmp_path, sanitize=True)
    control = convert(shared_models() / "hostile" / "h00_control_repacked.tflite", "model")
    assert code(conversion.source) == code(control.source)
    assert code(conversion.header) == code(control.header)


def code(text: str) -> str:
    """C without comments: what names of tensors may not change."""
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
