"""The committed results: complete, in step with their page, and not worse than recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.measure import MODELS, OWN_MODELS, Figures, cases, measure, model_file, recorded, worse
from benchmarks.page import PAGE, page
from tests.needs import need_target, shared_models
from tflite2int.verify.targets import TARGETS

pytestmark = pytest.mark.emulator
CASES = [figures.case for figures in recorded()]
FIGURES = Figures("m", "t", "size", "gcc", {"code": 600, "weights": 400}, {"static": 900, "stack": 100}, 9, 1000, 5000)


def test_the_page_is_that_of_the_results() -> None:
    assert PAGE.read_text() == page(recorded()), "python -m benchmarks --page"


def test_nothing_is_missing() -> None:
    found = {figures.case for figures in recorded()}
    assert found == {
        (name, target, optimize) for name in MODELS for target in TARGETS for optimize in ("size", "speed")
    }
    shared_models()
    assert set(cases()) == found


def test_every_model_fits_the_cores_and_ours_the_chips_that_they_are_for() -> None:
    refused = {figures.case[:2] for figures in recorded() if figures.refused}
    assert {target for _, target in refused} <= {"atmega328p", "atmega32u4", "atmega2560"}
    for name in ("sine", "pose", "gesture", "tflite-micro__hello_world_int8"):
        assert not any(refusal[0] == name for refusal in refused)
    assert not any((name, "atmega2560") in refused for name in OWN_MODELS)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_nothing_became_worse(case: tuple[str, str, str]) -> None:
    need_target(case[1])
    if case[0] not in OWN_MODELS:
        shared_models()
    before = next(figures for figures in recorded() if figures.case == case)
    after = measure(case)
    if after.compiler != before.compiler:
        pytest.skip(f"the results were measured with {before.compiler}, this is {after.compiler}")
    remedy = "To accept it: python -m benchmarks, and commit what it writes."
    assert not worse(before, after), "\n".join([*worse(before, after), remedy])


def test_what_is_worse() -> None:
    assert worse(FIGURES, FIGURES) == []
    assert worse(FIGURES, replace(FIGURES, instructions=1020, cycles=5100, flash={"code": 620, "weights": 400})) == []
    assert worse(FIGURES, replace(FIGURES, instructions=1021)) == [
        "m on t, optimized for size: instructions 1,021, was 1,000 (+2.1%)"
    ]
    for change in ({"cycles": 5101}, {"flash": {"code": 1021}}, {"ram": {"static": 0, "stack": 1021}}):
        assert len(worse(FIGURES, replace(FIGURES, **change))) == 1
    assert worse(FIGURES, replace(FIGURES, instructions=9, cycles=9)) == []
    assert "no longer fits" in worse(FIGURES, Figures("m", "t", "size", refused="too large"))[0]
    assert worse(Figures("m", "t", "size", refused="too large"), FIGURES) == []


@pytest.mark.parametrize("name", MODELS)
def test_the_models_are_there(name: str) -> None:
    if name not in OWN_MODELS:
        shared_models()
    assert model_file(name).is_file()
