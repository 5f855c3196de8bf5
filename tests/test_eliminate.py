"""Elimination: what goes, what must stay, and that no byte of the result changes."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tests.needs import shared_models
from tflite2int import attributes as a
from tflite2int.audit import audit
from tflite2int.compiler import convert
from tflite2int.intervals import intervals
from tflite2int.passes import simplify
from tflite2int.reader import read_model

DEAD = -2_000_000  # a bias that keeps a channel at its lowest value


def network(
    first_bias: list[int],
    padding: a.Padding,
    zero_point: int,
    unread: int = 0,
    end: str = "FC",
    second_bias: int = 100,
    dtype: str = "int8",
) -> bytes:
    """Convolution, depthwise convolution, convolution, dense layer; ``unread`` channels have no weights behind them.

    With 16 bits all zero points are 0, the activations are RELU, and biases count in 256ths.
    """
    rng = np.random.default_rng(5)
    count, wide = len(first_bias), dtype == "int16"
    points = (0, 0, 0) if wide else (3, -1, 7)
    scales = (2**-14, 2**-12, 2**-11) if wide else (1 / 64, 1 / 16, 1 / 8)

    def weights(name: str, shape: tuple[int, ...], axis: int) -> T:
        values = rng.integers(-90, 90, shape)
        if name == "w2" and unread:
            values[..., :unread] = 0
        return T(name, "int8", shape, [1 / 64 + i / 4096 for i in range(shape[axis])], axis=axis, data=values)

    def bias(name: str, values: list[int]) -> T:
        return T(name, "int64" if wide else "int32", (len(values),), data=np.array(values) * (256 if wide else 1))

    tensors = [
        T("x", dtype, (1, 6, 6, 2), scales[0], points[0]),
        weights("w0", (count, 3, 3, 2), 0),
        bias("b0", first_bias),
        T("t0", dtype, (1, 6, 6, count), scales[1], zero_point),
        weights("w1", (1, 3, 3, count), 3),
        bias("b1", [second_bias if b == DEAD else 100 for b in first_bias]),
        T("t1", dtype, (1, 6, 6, count), scales[2], zero_point),
        weights("w2", (4, 2, 2, count), 0),
        bias("b2", [50, -60, 70, -80]),
        T("t2", dtype, (1, 6, 6, 4) if padding == "SAME" else (1, 5, 5, 4), scales[2], points[1]),
        T("t3", dtype, (1, 1, 1, 4), scales[2], points[1]),
        weights("w4", (3, 4), 0),
        bias("b4", [1, 2, 3]),
        T("y", dtype, (1, 3), scales[2], points[2]),
    ]
    relu: a.Activation = "RELU" if wide or zero_point == -128 else "NONE"
    side = 6 if padding == "SAME" else 5
    operators = [
        Op("CONV_2D", ["x", "w0", "b0"], ["t0"], a.Conv2D("SAME", activation=relu)),
        Op(
            "DEPTHWISE_CONV_2D",
            ["t0", "w1", "b1"],
            ["t1"],
            a.DepthwiseConv2D("SAME", activation=relu, depth_multiplier=1),
        ),
        Op("CONV_2D", ["t1", "w2", "b2"], ["t2"], a.Conv2D(padding)),
        Op("AVERAGE_POOL_2D", ["t2"], ["t3"], a.Pool2D("VALID", 1, 1, side, side)),
        Op("FULLY_CONNECTED", ["t3", "w4", "b4"], ["y"], a.FullyConnected()),
    ]
    outputs = ["y"] if end == "FC" else ["y", "t1"]
    return build(tensors, operators, ["x"], outputs)


def removed(model: bytes, tmp_path: Path) -> int:
    """Channels of t1 that go; asserts that the results stay."""
    program = assert_identical(model, tmp_path, steps=10).program
    return 6 - next(t for t in program.graph.tensors if t.name == "t1").shape[3]


@pytest.mark.parametrize(("padding", "second_bias", "gone"), [("SAME", DEAD, 3), ("SAME", 100, 0), ("VALID", 100, 3)])
def test_constants_go_where_padding_allows(padding: a.Padding, second_bias: int, gone: int, tmp_path: Path) -> None:
    """Dead channels are 0 in real values behind the first layer, and ``second_bias`` behind the depthwise one.

    With DEAD there too they are what padding holds; otherwise they go only where no window meets padding.
    """
    model = network([DEAD, 10, DEAD, 20, 30, DEAD], padding, -128, second_bias=second_bias)
    assert removed(model, tmp_path) == gone


@pytest.mark.parametrize(("padding", "second_bias", "gone"), [("SAME", DEAD, 3), ("SAME", 100, 0), ("VALID", 100, 3)])
def test_16_bits_lose_the_same_channels(padding: a.Padding, second_bias: int, gone: int, tmp_path: Path) -> None:
    model = network([DEAD, 10, DEAD, 20, 30, DEAD], padding, 0, second_bias=second_bias, dtype="int16")
    assert removed(model, tmp_path) == gone
    assert removed(network([10, 20, 30, 40, 50, 60], "SAME", 0, unread=2, dtype="int16"), tmp_path) == 2


def test_a_constant_that_meets_no_padding_moves_into_the_bias(tmp_path: Path) -> None:
    assert removed(network([DEAD, 10, -DEAD, 20, 30, 40], "VALID", 5), tmp_path) == 0, "padding in the depthwise layer"
    path = tmp_path / "model.tflite"
    low, high = intervals(simplify(read_model(path)))[3]
    assert list(low == high) == [True, False, True, False, False, False]


def test_channels_that_nobody_reads_go(tmp_path: Path) -> None:
    assert removed(network([10, 20, 30, 40, 50, 60], "SAME", 5, unread=2), tmp_path) == 2
    assert removed(network([10, 20, 30, 40, 50, 60], "SAME", 5, unread=6), tmp_path) == 4, "two are always left"


def test_a_graph_output_keeps_its_channels(tmp_path: Path) -> None:
    assert removed(network([10, 20, 30, 40, 50, 60], "SAME", 5, unread=2, end="both"), tmp_path) == 0


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(network([10, 20, 30, 40, 50, 60], "SAME", 5, unread=2))
    with_it, without = convert(path).program, convert(path, eliminate=False).program
    assert with_it.macs < without.macs and with_it.weight_bytes < without.weight_bytes
    assert "channels removed" in with_it.graph.changes[-1] and without.graph.changes == ()


def test_visual_wake_words_halves() -> None:
    program = convert(shared_models() / "corpus" / "tiny__vww_96_int8.tflite").program
    assert program.macs <= 3_800_000 and program.weight_bytes <= 32_000


def test_the_audit_lists_what_goes_and_the_numbers_that_the_c_code_has(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(network([DEAD, 10, DEAD, 20, 30, DEAD], "SAME", -128, second_bias=DEAD))
    result, source = audit(path), convert(path).source
    assert [op.removed for op in result.operators] == [(0, 2, 5), (0, 2, 5), (), (), ()]
    assert any("6 channels removed" in change for change in result.changes)
    linear = [r.linear for op in result.operators for r in op.rescales if r.linear is not None]
    emitted = re.findall(r"_offset\[\d+\] = \{[^}]*?((?:-?\d+(?:, |\s)*)+)\}", re.sub(r"/\*.*?\*/", "", source))
    assert [tuple(map(int, values.split(","))) for values in emitted] == [form.offset for form in linear]
    rows = list(csv.DictReader(io.StringIO(result.csv())))
    first = [row for row in rows if row["operator"] == "0" and row["record"] == "rescale"]
    assert [row["removed"] for row in first] == ["yes", "", "yes", "", "", "yes"]
    assert [int(row["linear_offset"]) for row in first if row["linear_offset"]] == list(linear[0].offset)
