"""The Arduino template, built for three boards and run on simavr: what the sketches print is the reference's answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.boards.arduino import BOARDS, build_sketch, need_arduino, running, serial_line
from tests.boards.project import (
    BuildFailed,
    Terminal,
    model_file,
    quantized_samples,
    reference_answers,
    samples_file,
    write_project,
)
from tests.needs import need_reference
from tflite2int.errors import UsageError
from tflite2int.evaluate import evaluate

pytestmark = pytest.mark.emulator
README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(autouse=True)
def _needs() -> None:
    need_arduino()
    need_reference()


@pytest.mark.parametrize(
    ("model", "board"),
    [("sine", "uno"), ("pose", "uno"), ("gesture", "uno"), ("gesture", "leonardo"), ("kws", "mega"), ("pose", "mega")],
)
def test_the_sketch_answers_as_the_reference(model: str, board: str, tmp_path: Path) -> None:
    library = write_project("arduino", model, tmp_path / model)
    sketch = build_sketch(library, "predict", BOARDS[board], tmp_path / "build", "-DSELF_TEST=1")
    warnings = [line for line in sketch.printed.splitlines() if "warning" in line and "cores/arduino" not in line]
    assert not warnings
    assert not sketch.data_bytes(), "constants are in flash"
    samples = quantized_samples(model, 3)
    with serial_line(sketch, BOARDS[board]) as line:
        terminal = Terminal(line)
        told = terminal.next_line()
        assert told.startswith("PASS 8 samples, at most ") and told.endswith(" cycles")
        assert int(told.split()[5]) > 1000
        if (model, board) == ("gesture", "uno"):
            assert told in README.read_text()
        terminal.next_line(f"{model}: ")
        answers = [terminal.ask(sample) for sample in samples]
    assert np.array_equal(answers, reference_answers(model, samples))


def test_gesture_leaves_an_uno_its_ram(tmp_path: Path) -> None:
    library = write_project("arduino", "gesture", tmp_path / "gesture")
    for sketch in ("predict", "evaluate"):
        built = build_sketch(library, sketch, BOARDS["uno"], tmp_path / sketch)
        assert BOARDS["uno"].ram - built.memory.ram > 1500
        if sketch == "predict":
            assert f"Sketch uses {built.memory.flash} bytes" in README.read_text()
            assert f"Global variables use {built.memory.ram} bytes" in README.read_text()


def test_kws_is_too_large_for_an_uno(tmp_path: Path) -> None:
    library = write_project("arduino", "kws", tmp_path / "kws")
    with pytest.raises(BuildFailed, match="not within region"):
        build_sketch(library, "predict", BOARDS["uno"], tmp_path / "build")


def test_the_self_test_fails_where_a_known_result_differs(tmp_path: Path) -> None:
    library = write_project("arduino", "pose", tmp_path / "pose")
    table = library / "src" / "pose_selftest.c"
    text = table.read_text()
    head, tail = text.split("known_output[8][6] = {\n    {\n        ", 1)
    first = int(tail.split(",", 1)[0])
    table.write_text(
        f"{head}known_output[8][6] = {{\n    {{\n        {first - 1 if first else 1},{tail.split(',', 1)[1]}"
    )
    sketch = build_sketch(library, "predict", BOARDS["uno"], tmp_path / "build", "-DSELF_TEST=1")
    with serial_line(sketch, BOARDS["uno"]) as line:
        told = Terminal(line).next_line()
    assert told == f"FAIL sample 0 output 0 element 0: {first} is to be {first - 1 if first else 1}"


def test_raw_counts_and_classes_reach_the_sketch(tmp_path: Path) -> None:
    """pose with 16-bit counts: of this unit each is a whole number of the model's steps."""
    io = tmp_path / "io.toml"
    io.write_text('[input]\ntype = "uint16"\nunit = "1/32768"\nzero = 32768\n')
    library = write_project("arduino", "pose", tmp_path / "pose", io=str(io))
    sketch = build_sketch(library, "predict", BOARDS["uno"], tmp_path / "build")
    samples = quantized_samples("pose", 2)
    with serial_line(sketch, BOARDS["uno"]) as line:
        terminal = Terminal(line)
        terminal.next_line("pose: ")
        answers = [terminal.ask(sample.astype(np.int64) * 256 + 32768) for sample in samples]
    assert np.array_equal(answers, reference_answers("pose", samples))

    library = write_project("arduino", "gesture", tmp_path / "gesture", output="argmax+margin")
    sketch = build_sketch(library, "predict", BOARDS["uno"], tmp_path / "build_gesture")
    samples = quantized_samples("gesture", 8)
    with serial_line(sketch, BOARDS["uno"]) as line:
        terminal = Terminal(line)
        terminal.next_line("gesture: ")
        answers = [terminal.ask(sample) for sample in samples]
    wanted = reference_answers("gesture", samples).argmax(axis=1)
    assert [label for label, _ in answers] == wanted.tolist() and set(wanted) == {0, 1}


def test_evaluation_of_a_board(tmp_path: Path) -> None:
    library = write_project("arduino", "gesture", tmp_path / "gesture")
    sketch = build_sketch(library, "evaluate", BOARDS["uno"], tmp_path / "build")
    data = samples_file("gesture")
    with np.load(data) as loaded:
        targets = loaded["targets"][:40]
    answers = reference_answers("gesture", quantized_samples("gesture", 40)).argmax(axis=1)
    with running(sketch, BOARDS["uno"]) as port:
        result = evaluate(port, data, model=model_file("gesture"), samples=40)
        with pytest.raises(UsageError, match="another model"):
            evaluate(port, data, model=model_file("pose"), samples=1)
    assert result.identical == result.samples == 40 and result.passed and result.unit == "cycles"
    assert result.ticks[0] > 10_000
    assert result.top_1 == np.mean(answers == targets)
    assert sum(result.confusion[k][k] for k in range(2)) == np.sum(answers == targets)
    assert [sum(row) for row in result.confusion] == np.bincount(targets).tolist()
