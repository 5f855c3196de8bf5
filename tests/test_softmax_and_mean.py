"""SOFTMAX and MEAN against the reference: every difference, long rows, every set of dimensions."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical, run_c
from tests.model_builder import Op, SideBySide, T, build
from tests.needs import need_reference, need_tool
from tests.random_parameters import Choice
from tests.test_lookup import refused
from tflite2int import attributes as a
from tflite2int.compiler import convert
from tflite2int.errors import ReferenceFailure
from tflite2int.graph import Array
from tflite2int.ops.softmax import SMALLEST
from tflite2int.verify.reference import run_reference

PROBABILITY = (1 / 256, -128)


def softmax(net: SideBySide, shape: tuple[int, ...], scale: float, zero_point: int = 0, beta: float = 1.0) -> None:
    net.add(
        "SOFTMAX", [T("x", "int8", shape, scale, zero_point)], [T("y", "int8", shape, *PROBABILITY)], a.Softmax(beta)
    )


def test_every_difference_of_two_inputs(tmp_path: Path) -> None:
    """From exponentials that all count to those of which the second is lost, and powers of two that make ties."""
    net, rows = SideBySide(), np.array([[127, 127 - d] for d in range(256)], np.int8)
    scales = [2.0**e for e in range(-12, 6)] + [0.0313, 0.1, 0.17, 0.5, 31.9, 100.0]
    for scale in scales:
        softmax(net, (256, 2), scale, 3)
    conversion = assert_identical(net.build(), tmp_path, inputs=[[rows] * len(scales)], sanitize=True)
    tables = [layer.constants[0].values for layer in conversion.program.layers]
    assert min(map(len, tables)) == 1 and max(map(len, tables)) == 256  # some are cut short
    assert all(table.min() >= SMALLEST for table in tables)


@pytest.mark.parametrize("seed", range(2))
def test_softmax_of_every_rank_and_length(seed: int, tmp_path: Path) -> None:
    choice, net = Choice(seed), SideBySide()
    shapes = [(1,), (2,), (10,), (1, 10), (7, 3), (2, 3, 4), (1, 2, 2, 2, 3), (1, 1), (3, 300), (2, 511)]
    for shape in shapes:
        for beta in (1.0, 0.1, 2.5):
            softmax(net, shape, choice.scale(), choice.zero_point(), beta)
    assert_identical(net.build(), tmp_path, steps=10, seed=seed, sanitize=True)


def peaks(shape: tuple[int, int], seed: int) -> Array:
    """Rows with a few large elements and many small ones: the sum stays below 512."""
    choice = Choice(seed)
    return np.where(choice.random(shape) < 0.02, choice.integers(60, 128, shape), choice.integers(-128, -60, shape))


def test_long_rows_where_the_reference_has_an_answer(tmp_path: Path) -> None:
    shapes = ((2, 512), (3, 1000), (1, 8191))
    net = SideBySide()
    for shape in shapes:
        softmax(net, shape, 0.1)
    steps = [[np.asarray(peaks(shape, seed), np.int8) for shape in shapes] for seed in range(4)]
    assert_identical(net.build(), tmp_path, inputs=steps, sanitize=True)


def test_sums_of_512_at_which_the_reference_aborts(tmp_path: Path) -> None:
    """511 equal elements have probabilities that round to 1/256; of 512 and more, half of that is never reached."""
    need_tool("cc", "gcc")
    net = SideBySide()
    shapes = ((1, 511), (1, 512), (1, 4095), (1, 4096), (1, 8191))
    for shape in shapes:
        softmax(net, shape, 0.1)
    path = tmp_path / "model.tflite"
    path.write_bytes(net.build())
    inputs: list[Array] = [np.full(shape, 5, np.int8) for shape in shapes]
    results = run_c(convert(path), tmp_path, [inputs], sanitize=True)[0]
    assert [set(r.reshape(-1).tolist()) for r in results] == [{-127}, {-128}, {-128}, {-128}, {-128}]
    need_reference()
    for width, answers in ((511, True), (512, False)):
        single = SideBySide()
        softmax(single, (1, width), 0.1)
        given: list[list[Array]] = [[np.full((1, width), 5, np.int8)]]
        if answers:
            assert set(run_reference(single.build(), given)[0][0].reshape(-1).tolist()) == {-127}
        else:
            with pytest.raises(ReferenceFailure, match="SIGABRT"):
                run_reference(single.build(), given)


def test_softmax_works_in_place(tmp_path: Path) -> None:
    tensors = [
        T("x", "int8", (5, 20), 0.05, 3),
        T("a", "int8", (5, 20), 0.06, 3),
        T("b", "int8", (5, 20), *PROBABILITY),
        T("y", "int8", (5, 20), 0.01, -9),
    ]
    operators = [
        Op("TANH", ["x"], ["a"]),
        Op("SOFTMAX", ["a"], ["b"], a.Softmax(30.0)),
        Op("TANH", ["b"], ["y"]),
    ]
    program = assert_identical(build(tensors, operators, ["x"], ["y"]), tmp_path, steps=10, sanitize=True).program
    assert program.arena_size == 100


X = T("x", "int8", (2, 3), 0.1)


@pytest.mark.parametrize(
    ("x", "y", "beta", "match"),
    [
        (X, T("y", "int8", (2, 3), 1 / 255, -128), 1.0, "1/256"),
        (X, T("y", "int8", (2, 3), 1 / 256, 0), 1.0, "1/256"),
        (X, T("y", "int8", (3, 2), *PROBABILITY), 1.0, "same shape"),
        (X, T("y", "int16", (2, 3), *PROBABILITY), 1.0, "Types must be one of"),
        (X, T("y", "int8", (2, 3), *PROBABILITY), 0.0, "Beta times the input's scale"),
        (X, T("y", "int8", (2, 3), *PROBABILITY), -1.0, "Beta times the input's scale"),
        (T("x", "int8", (), 0.1), T("y", "int8", (), *PROBABILITY), 1.0, "last dimension"),
        (T("x", "int8", (8192,), 0.1), T("y", "int8", (8192,), *PROBABILITY), 1.0, "8191 elements at most"),
    ],
)
def test_refused_softmax(x: T, y: T, beta: float, match: str, tmp_path: Path) -> None:
    model = build([x, y], [Op("SOFTMAX", ["x"], ["y"], a.Softmax(beta))], ["x"], ["y"])
    refused(model, tmp_path, f"operator 0 .SOFTMAX.*{match}")


def test_the_output_scale_of_softmax_may_be_off_by_a_thousandth(tmp_path: Path) -> None:
    net = SideBySide()
    for factor in (1.0009, 0.9991):
        net.add("SOFTMAX", [X], [T("y", "int8", (2, 3), factor / 256, -128)], a.Softmax())
    assert_identical(net.build(), tmp_path, steps=8)
    need_reference()
    beyond = build(
        [X, T("y", "int8", (2, 3), 1.0011 / 256, -128)], [Op("SOFTMAX", ["x"], ["y"], a.Softmax())], ["x"], ["y"]
    )
    refused(beyond, tmp_path, "SOFTMAX.*1/256")
    with pytest.raises(ReferenceFailure, match="not near"):
        run_reference(beyond, [[np.zeros((2, 3), np.int8)]])


def mean(net: SideBySide, choice: Choice, shape: tuple[int, ...], axes: list[int], keep: bool) -> None:
    """The output's scale is near the input's; some are far smaller, to see the last bits of the mean."""
    reduced = {d % len(shape) for d in axes}
    left = tuple(1 if d in reduced else n for d, n in enumerate(shape) if keep or d not in reduced)
    scale = choice.scale(2**-6, 2**-2)
    x = T("x", "int8", shape, scale, choice.zero_point())
    y = T("y", "int8", left, scale * choice.scale(2**-8, 2), choice.zero_point())
    net.add("MEAN", [x, T("axes", "int32", (len(axes),), data=axes)], [y], a.Reduce(keep))


@pytest.mark.parametrize("keep", [False, True])
def test_every_set_of_dimensions(keep: bool, tmp_path: Path) -> None:
    choice, net = Choice(11 + keep), SideBySide()
    for count in range(5):
        for dims in combinations(range(4), count):
            mean(net, choice, (2, 3, 4, 5), [d if choice.random() < 0.5 else d - 4 for d in dims], keep)
    for shape in ((7,), (3, 5), (2, 3, 4), (2, 3, 2, 3, 2), (2, 3, 1, 2, 3, 2), (2, 1, 3, 2, 1, 2, 3, 2)):
        for axes in ([0], [-1], [0, -1], list(range(0, len(shape), 2)), list(range(1, len(shape), 2))):
            mean(net, choice, shape, axes, keep)
    mean(net, choice, (2, 3, 4), [1, 1, -2], keep)
    mean(net, choice, (1, 1, 1), [1], keep)
    assert_identical(net.build(), tmp_path, steps=10, sanitize=True)


def test_counts_of_all_sizes(tmp_path: Path) -> None:
    """1/count is folded into the multiplier, after a shift by the count's logarithm."""
    choice, net = Choice(13), SideBySide()
    for count in (
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        15,
        16,
        17,
        48,
        49,
        63,
        64,
        65,
        100,
        255,
        256,
        257,
        1000,
        4095,
        4096,
        20000,
    ):
        mean(net, choice, (1, count, 1, 3), [1, 2], True)
        mean(net, choice, (2, count), [1], False)
    assert_identical(net.build(), tmp_path, steps=10, sanitize=True)


def test_mean_to_a_scalar_and_of_one(tmp_path: Path) -> None:
    net, axis = SideBySide(), T("axes", "int32", (), data=0)
    net.add("MEAN", [T("x", "int8", (5,), 0.1, 3), axis], [T("y", "int8", (), 0.07, 3)], a.Reduce())
    net.add("MEAN", [T("x", "int8", (), 0.1, 3), axis], [T("y", "int8", (), 0.07, 3)], a.Reduce())
    assert_identical(net.build(), tmp_path, steps=20)


@pytest.mark.parametrize(
    ("axes", "x", "y", "match"),
    [
        ([3], (2, 3, 4), (2, 3), "dimensions at most"),
        ([-4], (2, 3, 4), (2, 3), "dimensions at most"),
        ([1], (2, 3, 4), (2, 3), "dimensions at most"),
        ([1], (2,) * 9, (2,) * 8, "eight dimensions at most"),
        (None, (2, 3, 4), (2, 3), "must be a constant"),
    ],
)
def test_refused_mean(
    axes: list[int] | None, x: tuple[int, ...], y: tuple[int, ...], match: str, tmp_path: Path
) -> None:
    net = SideBySide()
    net.add("MEAN", [T("x", "int8", x, 0.1), T("a", "int32", (1,), data=axes)], [T("y", "int8", y, 0.1)], a.Reduce())
    refused(net.build(), tmp_path, f"MEAN.*{match}")


def test_a_mean_that_could_overflow_is_refused(tmp_path: Path) -> None:
    net, axis = SideBySide(), T("a", "int32", (1,), data=[0])
    net.add("MEAN", [T("x", "int8", (2,), 1.0), axis], [T("y", "int8", (), 2.0**-23)], a.Reduce())
    refused(net.build(), tmp_path, "MEAN.*must fit in 32 bits.*a rescale by 8.38861e.06 overflows")
    net = SideBySide()
    net.add("MEAN", [T("x", "int8", (2**24,), 1.0), axis], [T("y", "int8", (), 1.0)], a.Reduce())
    refused(net.build(), tmp_path, "MEAN.*must fit in 32 bits.*the mean of 16777216 elements overflows")
