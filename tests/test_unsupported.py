"""Real models that cannot be converted: each is refused with the reason and with what to do."""

from __future__ import annotations

import csv

import pytest

from tests.needs import SHARED_MODELS, shared_models
from tflite2int.compiler import convert
from tflite2int.errors import UnsupportedModelError

CONVERTER = "converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"

# The manifest's class (its part before a bracket), a word of its operators ("" for any), what the message must say.
# The first row that fits counts.
EXPECTED = (
    (
        "vendor-custom-op",
        "XC_",
        ("made by XMOS's compiler", "Pass the file that XMOS's compiler (xcore-opt) was given."),
    ),
    ("vendor-custom-op", "ethos-u", ("made by Vela for an Arm Ethos-U", "Pass the file that Vela was given.")),
    ("larq-bnn", "LceBconv2d", ("binary arithmetic of Larq Compute Engine", "train the model with int8")),
    ("mixed", "TFLite_Detection_PostProcess", ("selection of boxes in float", "End the model in front of")),
    ("mixed", "LOG_SOFTMAX", ("(LOG_SOFTMAX): float activations", "quantized in part", "End the model", CONVERTER)),
    ("float-dsp", "Signal", ("signal library of TensorFlow Lite Micro", "Compute the features in your own code")),
    ("float", "Complex", ("custom: the file does not tell", "Build the model without custom operators", CONVERTER)),
    ("float", "Add2", ("custom: the file does not tell", "Build the model without custom operators", CONVERTER)),
    ("float", "", ("float32 at input 0", "not quantized", CONVERTER)),
    (
        "dynamic-range-hybrid",
        "",
        ("float activations", "the weights in this file are int8 but activations are float", CONVERTER),
    ),
)


def manifest() -> list[dict[str, str]]:
    path = SHARED_MODELS / "unsupported" / "manifest.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def phrases(row: dict[str, str]) -> tuple[str, ...]:
    kind = row["class"].partition(" (")[0]
    return next(said for name, word, said in EXPECTED if name == kind and word in row["ops"])


@pytest.mark.parametrize("row", manifest() or [None], ids=lambda row: row["name"] if row else "none")
def test_refused_with_reason_and_remedy(row: dict[str, str] | None) -> None:
    folder = shared_models() / "unsupported"
    assert row is not None
    with pytest.raises(UnsupportedModelError) as caught:
        convert(folder / f"{row['name']}.tflite")
    text = str(caught.value)
    for phrase in phrases(row):
        assert phrase in text
    lines = text.splitlines()
    assert len(caught.value.obstacles) <= 4 and len(lines) <= 15
    assert all(line.isascii() and line.isprintable() and len(line) < 300 for line in lines)


def test_every_file_is_in_the_manifest() -> None:
    files = {path.stem for path in (shared_models() / "unsupported").glob("*.tflite")}
    assert files == {row["name"] for row in manifest()} and len(files) >= 25


def test_nothing_of_the_manifest_is_left_out() -> None:
    """Every expectation is met by some file."""
    shared_models()
    assert {phrases(row) for row in manifest()} == {said for _, _, said in EXPECTED}


def test_one_obstacle_takes_two_lines() -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        convert(shared_models() / "unsupported" / "tflite-micro__person_detect_vela.tflite")
    assert str(caught.value) == (
        "operator 0 (ethos-u): made by Vela for an Arm Ethos-U\nPass the file that Vela was given."
    )
