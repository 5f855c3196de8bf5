"""A spread of the corpus (all of it: ``python -m tests.emulated``), and our own models, on emulated cores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus import IDENTICAL
from tests.emulated import TARGETS, TOO_LARGE, models, outcome, read_outcomes
from tests.needs import need_reference, need_target, shared_models
from tflite2int.verify import verify

pytestmark = pytest.mark.emulator
MODELS = Path(__file__).parents[1] / "models"
SPREAD = models()[7::45]


def test_the_table_is_complete_and_clean() -> None:
    shared_models()
    table = read_outcomes()
    assert list(table) == models() and len(table) > 300
    for position, target in enumerate(TARGETS):
        outcomes = {row[position] for row in table.values()}
        assert outcomes == ({IDENTICAL, TOO_LARGE} if target == "atmega328p" else {IDENTICAL})


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SPREAD)
def test_the_table_holds(name: str, target: str) -> None:
    need_target(target)
    optimize = "speed" if SPREAD.index(name) % 2 and target != "atmega328p" else "size"  # the chip is small
    assert outcome(name, target, optimize) == read_outcomes()[name][TARGETS.index(target)]


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4", "cortex-m55"])
@pytest.mark.parametrize("model", ["sine", "gesture", "pose", "kws", "residual"])
def test_our_models_are_identical_to_the_reference(model: str, target: str) -> None:
    need_target(target)
    need_reference()
    optimize = "speed" if target == "cortex-m4" else "size"
    result = verify(MODELS / model / f"{model}.tflite", target=target, optimize=optimize)
    assert result.passed and result.samples == 20, str(result)
