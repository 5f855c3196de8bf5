"""Functions of one 8-bit element: every input, against the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, SideBySide, T, build
from tests.needs import need_reference
from tests.random_parameters import Choice
from tflite2int import attributes as a
from tflite2int.compiler import convert
from tflite2int.errors import ReferenceFailure, UnsupportedModelError
from tflite2int.graph import Array
from tflite2int.ops import sigmoid
from tflite2int.reader import read_bytes
from tflite2int.verify.reference import run_reference

LOWEST = {"int8": -128, "uint8": 0}
UNARY = ("TANH", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LEAKY_RELU", "QUANTIZE")
ALPHAS = (0.0, 0.01, 0.1, 0.3, 1.0, 2.5, -0.3)


def every(dtype: str) -> Array:
    return np.arange(LOWEST[dtype], LOWEST[dtype] + 256).astype(dtype)


def add(net: SideBySide, choice: Choice, kind: str, dtype: str, result: str) -> None:
    """One operator on 256 elements; its output's scale is near the one that its results need."""
    x = T("x", dtype, (256,), choice.scale(), choice.zero_point(dtype))
    y = T("y", result, (256,), choice.scale(), choice.zero_point(result))
    if kind == "LOGISTIC":
        y = T("y", result, (256,), 1 / 256, y.zero_point if choice.random() < 0.5 else LOWEST[result])
    options = a.LeakyRelu(float(choice.choice(ALPHAS))) if kind == "LEAKY_RELU" else None
    net.add(kind, [x], [y], options)


@pytest.mark.parametrize("seed", range(3))
def test_every_input_of_every_function(seed: int, tmp_path: Path) -> None:
    choice, net, inputs = Choice(seed), SideBySide(), []
    for kind in ("LOGISTIC", *UNARY):
        for dtype in LOWEST:
            for result in LOWEST if kind == "QUANTIZE" else (dtype,):
                for _ in range(3):
                    add(net, choice, kind, dtype, result)
                    inputs.append(every(dtype))
    assert_identical(net.build(), tmp_path, inputs=[inputs], sanitize=True)


@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH"])
def test_tables_of_real_functions_over_many_scales(kind: str) -> None:
    """128,000 entries: in so many the last bit of expf or tanhf decides some."""
    need_reference()
    choice, net = Choice(7), SideBySide()
    for _ in range(500):
        x = T("x", "int8", (256,), float(np.float32(np.exp(choice.uniform(-7, 0)))), choice.zero_point())
        y = T("y", "int8", (256,), float(np.float32(choice.uniform(0.002, 0.01))), choice.zero_point())
        net.add(kind, [x], [T("y", "int8", (256,), 1 / 256, -128) if kind == "LOGISTIC" else y])
    model = net.build()
    graph = read_bytes(model, "model")
    function = sigmoid.logistic if kind == "LOGISTIC" else sigmoid.tanh
    [expected] = run_reference(model, [[every("int8")] * 500])
    for op, results in zip(graph.operators, expected, strict=True):
        assert np.array_equal(function(graph, op), results), f"{op}: {graph.required(op, 0).quantization}"


def test_the_last_bit_of_tanhf_decides(tmp_path: Path) -> None:
    """With the correctly rounded tanh instead of the C library's, one entry of this table differs."""
    tensors = [T("x", "int8", (256,), 0.00946823786944151, 96), T("y", "int8", (256,), 0.0078125, 0)]
    model = build(tensors, [Op("TANH", ["x"], ["y"])], ["x"], ["y"])
    program = assert_identical(model, tmp_path, inputs=[[every("int8")]]).program
    x = np.float32(0.00946823786944151) * (np.arange(-128, 128) - 96).astype(np.float32)
    rounded = np.tanh(x.astype(np.float64)).astype(np.float32) * np.float32(128)
    halves_away = np.sign(rounded) * np.floor(np.abs(rounded.astype(np.float64)) + 0.5)
    assert np.count_nonzero(np.clip(halves_away, -128, 127) != program.layers[0].constants[0].values) == 1


@pytest.mark.parametrize(
    ("kind", "x", "y"),
    [("RELU", (0.1, -128), (0.1, -128)), ("QUANTIZE", (0.1, 3), (0.1, 3)), ("LEAKY_RELU", (2.0, 9), (2.0, 9))],
)
def test_what_changes_nothing_costs_nothing(
    kind: str, x: tuple[float, int], y: tuple[float, int], tmp_path: Path
) -> None:
    tensors = [T("x", "int8", (4,), *x), T("y", "int8", (4,), *y), T("z", "int8", (4,), 0.2, 1)]
    options = a.LeakyRelu(1.0) if kind == "LEAKY_RELU" else None
    operators = [Op(kind, ["x"], ["y"], options), Op("TANH", ["y"], ["z"])]
    program = assert_identical(build(tensors, operators, ["x"], ["z"]), tmp_path).program
    assert [layer.operator.kind for layer in program.layers] == ["TANH"]


def test_a_chain_works_in_place(tmp_path: Path) -> None:
    tensors = [T(f"t{i}", "int8", (2, 50), 0.02 + 0.01 * i, 10 - 4 * i) for i in range(5)]
    square = a.Arithmetic()  # two tables in a row would be merged
    operators = [
        Op("MUL", [f"t{i}", f"t{i}"], [f"t{i + 1}"], square) if i % 2 else Op("TANH", [f"t{i}"], [f"t{i + 1}"])
        for i in range(4)
    ]
    program = assert_identical(build(tensors, operators, ["t0"], ["t4"]), tmp_path, sanitize=True).program
    assert program.arena_size == 100 and len(program.layers) == 4


def refused(model: bytes, tmp_path: Path, match: str) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(model)
    with pytest.raises(UnsupportedModelError, match=match):
        convert(path)


def single(kind: str, x: T, y: T) -> bytes:
    return build([x, y], [Op(kind, ["x"], ["y"])], ["x"], ["y"])


@pytest.mark.parametrize("scale", [1 / 128, 0.00391])
def test_logistic_needs_the_scale_that_the_reference_needs(scale: float, tmp_path: Path) -> None:
    model = single("LOGISTIC", T("x", "int8", (2,), 0.1), T("y", "int8", (2,), scale, -128))
    refused(model, tmp_path, r"operator 0 .LOGISTIC.: The output's scale must be 1/256")
    need_reference()
    with pytest.raises(ReferenceFailure, match="refuses"):
        run_reference(model, [[np.zeros(2, np.int8)]])


@pytest.mark.parametrize(
    ("kind", "x", "y", "match"),
    [
        ("RELU", T("x", "int8", (2,), 0.5), T("y", "int8", (2,), 2.0**-24), "ratio"),
        ("RELU6", T("x", "int8", (2,), 1e-9), T("y", "int8", (2,), 1e-9), "6 at the scale 1e-09 overflows"),
        ("QUANTIZE", T("x", "int8", (2,), 0.5), T("y", "int8", (2,), 2.0**-24), "ratio"),
        ("QUANTIZE", T("x", "int8", (2,), 0.5), T("y", "int16", (2,), 0.5), "Types must be one of"),
        ("TANH", T("x", "int8", (2,), 0.5), T("y", "int16", (2,), 0.5), "Types must be one of"),
        ("TANH", T("x", "int8", (2,), [0.5, 0.25]), T("y", "int8", (2,), 0.5), "one scale"),
        ("TANH", T("x", "int8", (2,)), T("y", "int8", (2,), 0.5), "one scale"),
        ("TANH", T("x", "int8", (2, 2), 0.5), T("y", "int8", (4,), 0.5), "same shape"),
    ],
)
def test_refusals(kind: str, x: T, y: T, match: str, tmp_path: Path) -> None:
    refused(single(kind, x, y), tmp_path, rf"operator 0 .{kind}.*{match}")


def test_a_slope_out_of_reach_is_refused(tmp_path: Path) -> None:
    tensors = [T("x", "int8", (2,), 0.5), T("y", "int8", (2,), 0.5)]
    model = build(tensors, [Op("LEAKY_RELU", ["x"], ["y"], a.LeakyRelu(2.0**25))], ["x"], ["y"])
    refused(model, tmp_path, "LEAKY_RELU.*ratio of the input's and the output's scale")
