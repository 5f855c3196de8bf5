"""The comparison itself: that it finds a difference, and what it does at float edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests import compare
from tests.model_builder import Op, T, build
from tflite2int import attributes as a
from tflite2int.graph import Array
from tflite2int.reader import read_bytes
from tflite2int.verify.samples import default_inputs, for_reference

STEPS: list[list[Array]] = [[np.array([[1, -2]], np.int8)], [np.array([[3, 4]], np.int8)]]


def sum_of_two(edges: bool) -> bytes:
    """x + (-1, 1); with ``edges`` between a float input and a float output."""
    tensors = [
        T("x", "int8", (1, 2), 0.1, 3),
        T("c", "int8", (2,), 0.1, 0, data=[-10, 10]),
        T("y", "int8", (1, 2), 0.07, -3),
        T("from", "float32", (1, 2)),
        T("to", "float32", (1, 2)),
    ]
    operators = [Op("ADD", ["x", "c"], ["y"], a.Arithmetic())]
    if not edges:
        return build(tensors[:3], operators, ["x"], ["y"])
    operators = [Op("QUANTIZE", ["from"], ["x"]), *operators, Op("DEQUANTIZE", ["y"], ["to"])]
    return build(tensors, operators, ["from"], ["to"])


@pytest.mark.parametrize("edges", [False, True])
def test_one_wrong_element_is_found(edges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conversion = compare.assert_identical(sum_of_two(edges), tmp_path, inputs=STEPS)
    assert [p.tensor.dtype.label for p in conversion.program.inputs] == ["int8"]
    run = compare.run_c

    def wrong(*arguments: object) -> list[list[Array]]:
        results = run(*arguments)  # type: ignore[arg-type]
        results[1][0][0, 1] += 1
        return results

    monkeypatch.setattr(compare, "run_c", wrong)
    with pytest.raises(
        AssertionError, match=r'sample 1, output .tensor 2 "y".: 1 elements differ, the first at \[0, 1\]'
    ):
        compare.assert_identical(sum_of_two(edges), tmp_path, inputs=STEPS)


def test_the_reference_sees_the_real_values_of_the_same_integers(tmp_path: Path) -> None:
    conversion = compare.assert_identical(sum_of_two(True), tmp_path, inputs=STEPS)
    [value] = for_reference(conversion.program, read_bytes(sum_of_two(True), "model"), STEPS[0])
    assert value.dtype == np.float32 and np.array_equal(value, np.float32(0.1) * np.array([[-2, -5]], np.float32))


def test_inputs_reach_the_ends_of_the_range(tmp_path: Path) -> None:
    program = compare.assert_identical(sum_of_two(False), tmp_path).program
    rows = default_inputs(program, 8)
    assert [set(row[0].reshape(-1).tolist()) for row in rows[:3]] == [{-128}, {127}, {3}]
    assert len({row[0].tobytes() for row in rows}) >= 7
