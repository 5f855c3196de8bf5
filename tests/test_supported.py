"""SUPPORTED_OPS.md is what the code says."""

from __future__ import annotations

from pathlib import Path

from tflite2int.ops import supported
from tflite2int.ops.support import sentence
from tflite2int.supported import page


def test_the_page_is_fresh() -> None:
    """Renew it with ``python -m tflite2int.supported > SUPPORTED_OPS.md``."""
    assert (Path(__file__).parents[1] / "SUPPORTED_OPS.md").read_text() == page()


def test_every_constraint_is_a_sentence() -> None:
    for support in supported().values():
        for constraint in support.constraints:
            text = sentence(constraint)
            assert text.endswith(".") and " " in text and "\n" not in text, f"{support.kind}: {text}"
