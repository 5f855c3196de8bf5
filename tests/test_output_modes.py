"""Wide outputs against exact accumulators of the reference's own activations, and class numbers against its outputs."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.entries import converted, counts_of, run_entry
from tests.model_builder import Op, T, build
from tests.needs import need_reference, need_tool
from tflite2int import attributes as a
from tflite2int.compiler import Conversion, convert
from tflite2int.errors import IoFileError, UsageError
from tflite2int.graph import Array
from tflite2int.reader import read_bytes
from tflite2int.verify.reference import run_reference

MODELS = Path(__file__).parents[1] / "models"
BOUNDS: dict[str, tuple[int | None, int | None]] = {
    "NONE": (None, None),
    "RELU": (0, None),
    "RELU6": (0, 6),
    "RELU_N1_TO_1": (-1, 1),
}


@pytest.fixture(autouse=True)
def _tools() -> None:
    need_reference()
    need_tool("cc", "gcc")


def exact_counts(model: bytes, steps: Sequence[Array], unit: Sequence[Fraction], zero: int = 0) -> list[list[Fraction]]:
    """What the last layer's sums are in counts: its inputs are the reference's, everything behind is rational."""
    graph = read_bytes(model, "model")
    op = graph.operators[-1]
    x, weights, bias = graph.required(op, 0), graph.required(op, 1), graph.operand(op, 2)
    assert weights.quantization is not None
    scales = weights.quantization.scales
    channels = weights.shape[0]
    matrix = weights.value().reshape(channels, -1).astype(object)
    start = np.zeros(channels, object) if bias is None else bias.value().astype(object)
    low, high = BOUNDS[op.attributes.activation]  # type: ignore[attr-defined]
    found = []
    for values in run_reference(model, [[step] for step in steps], tensors=True)[1]:
        rows = values[x.index].reshape(-1, matrix.shape[1]).astype(object) - x.zero_point
        sums = rows @ matrix.T + start
        counts: list[Fraction] = []
        for row in sums:
            for channel, accumulator in enumerate(row):
                real = accumulator * Fraction(x.scale) * Fraction(scales[channel % len(scales)])
                real = real if low is None else max(real, Fraction(low))
                real = real if high is None else min(real, Fraction(high))
                value = real / unit[len(counts) % len(unit)] + zero
                counts.append(min(max(value, Fraction(-32768)), Fraction(32767)))
        found.append(counts)
    return found


def check_wide(conversion: Conversion, results: Sequence[Sequence[Array]], exact: Sequence[Sequence[Fraction]]) -> None:
    error = counts_of(conversion, "counts").error
    assert error is not None and error <= 1
    for step, wanted in zip(results, exact, strict=True):
        for got, value in zip(step[0].tolist(), wanted, strict=True):
            assert abs(got - value) <= Fraction(str(error)), f"{got}, exactly {float(value)}"


@pytest.mark.parametrize("name", ["pose", "pose_int16x8"])
def test_pose_from_raw_counts_to_hundredths(name: str, tmp_path: Path) -> None:
    model, test = MODELS / "pose" / f"{name}.tflite", np.load(MODELS / "pose" / "testset.npz")
    quantized = test["quantized" if name == "pose" else "quantized16"]
    wide = convert(model, io=MODELS / "pose" / "io.toml", output="wide")
    raw = test["raw"]
    results = run_entry(wide, tmp_path, [[row] for row in raw], sanitize=True)
    table = tomllib.loads((MODELS / "pose" / "io.toml").read_text(), parse_float=Fraction)["output"]
    unit = [Fraction(value) for value in table["unit"]]
    exact = exact_counts(model.read_bytes(), list(quantized[:, np.newaxis]), unit)
    check_wide(wide, results, exact)
    # Finer than the quantized outputs, and so is the task's error.
    plain = run_entry(convert(model, io=MODELS / "pose" / "io.toml"), tmp_path, [[row] for row in raw])
    units = np.array([float(u) for u in unit])
    errors = [
        np.sqrt(np.mean((np.array([step[0] for step in steps]) * units - test["targets"]) ** 2))
        for steps in (results, plain)
    ]
    assert errors[0] <= errors[1] * 1.0005
    rounding = [np.abs(np.array([s[0] for s in steps]) - np.array(exact, float)).max() for steps in (results, plain)]
    assert rounding[0] < 0.6 and (rounding[1] > 3 if name == "pose" else rounding[1] >= 0.5)


def dense(rng: Any, dtype: str, activation: a.Activation, rows: int, per_channel: bool, bias: bool) -> bytes:
    scales = rng.uniform(0.002, 0.02, 5).astype(np.float32).tolist() if per_channel else [float(np.float32(0.0123))]
    bias_type, zero = ("int32", int(rng.integers(-128, 128))) if dtype == "int8" else ("int64", 0)
    sx = float(np.float32(0.031 if dtype == "int8" else 0.031 / 256))
    tensors = [
        T("x", dtype, (rows, 7), sx, zero),
        T("w", "int8", (5, 7), scales, data=rng.integers(-127, 128, (5, 7))),
        T("b", bias_type, (5,), [sx * s for s in scales], data=rng.integers(-9000, 9000, 5)),
        T("y", dtype, (rows, 5), 0.05 if dtype == "int8" else 0.0003, 0),
    ]
    kept = tensors if bias else [t for t in tensors if t.name != "b"]
    options = a.FullyConnected(activation, quantized_bias_type=bias_type if dtype == "int16" and bias else "")
    return build(kept, [Op("FULLY_CONNECTED", ["x", "w", "b" if bias else None], ["y"], options)], ["x"], ["y"])


def convolution(rng: Any, activation: a.Activation) -> bytes:
    scales = rng.uniform(0.002, 0.02, 3).astype(np.float32).tolist()
    tensors = [
        T("x", "int8", (1, 4, 5, 2), 0.05, -7),
        T("w", "int8", (3, 3, 3, 2), scales, data=rng.integers(-127, 128, (3, 3, 3, 2))),
        T("b", "int32", (3,), [0.05 * s for s in scales], data=rng.integers(-900, 900, 3)),
        T("y", "int8", (1, 2, 3, 3), 0.05, 0),
    ]
    op = Op("CONV_2D", ["x", "w", "b"], ["y"], a.Conv2D("VALID", activation=activation))
    return build(tensors, [op], ["x"], ["y"])


@pytest.mark.parametrize("activation", BOUNDS)
@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize(("rows", "per_channel", "bias"), [(1, True, True), (3, False, True), (1, False, False)])
def test_wide_dense(
    activation: a.Activation, dtype: str, rows: int, per_channel: bool, bias: bool, tmp_path: Path
) -> None:
    rng = np.random.default_rng(rows)
    model = dense(rng, dtype, activation, rows, per_channel, bias)
    unit, zero = Fraction("0.00021"), -17
    toml = f'[output]\ntype = "int16"\nunit = 0.00021\nzero = {zero}\n'
    conversion = converted(model, tmp_path, toml, "wide")
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    steps = [rng.integers(low, high, (rows, 7), endpoint=True).astype(dtype) for _ in range(30)]
    steps += [(step // 16).astype(dtype) for step in steps]  # smaller, so that fewer sums saturate
    check_wide(
        conversion, run_entry(conversion, tmp_path, [[s] for s in steps]), exact_counts(model, steps, [unit], zero)
    )


@pytest.mark.parametrize("activation", ["NONE", "RELU6"])
def test_wide_convolution(activation: a.Activation, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    model = convolution(rng, activation)
    conversion = converted(model, tmp_path, '[output]\ntype = "int16"\nunit = "1/1500"\n', "wide")
    steps = [rng.integers(-128, 128, (1, 4, 5, 2)).astype(np.int8) for _ in range(20)]
    results = run_entry(conversion, tmp_path, [[s] for s in steps], sanitize=True)
    exact: list[list[Fraction]] = []
    graph = read_bytes(model, "model")
    weights, bias = graph.tensors[1], graph.tensors[2].value().astype(object)
    assert weights.quantization is not None
    low, high = BOUNDS[activation]
    for step in steps:
        counts: list[Fraction] = []
        for y in range(2):
            for x in range(3):
                patch = step[0, y : y + 3, x : x + 3].astype(object) + 7
                for channel in range(3):
                    total = int((patch * weights.value()[channel].astype(object)).sum()) + bias[channel]
                    real = total * Fraction(float(np.float32(0.05))) * Fraction(weights.quantization.scales[channel])
                    real = real if low is None or high is None else min(max(real, Fraction(low)), Fraction(high))
                    counts.append(min(max(real * 1500, Fraction(-32768)), Fraction(32767)))
        exact.append(counts)
    check_wide(conversion, results, exact)


UNIT = '[output]\ntype = "int16"\nunit = 0.001\n'
WIDE_ERRORS = {
    "type": (UNIT.replace("int16", "int8"), "type: with the output wide it must be int16"),
    "zero": (UNIT + "zero = 0.5\n", "zero must be one whole number"),
    "zeros": (UNIT + "zero = [0, 1, 0, 0, 0]\n", "zero must be one whole number"),
    "unit": (UNIT.replace("0.001", "1e-12"), "[output] unit"),
    "units": (UNIT.replace("0.001", "[1, 1, 1, 1, 2]"), "RELU6"),
}


@pytest.mark.parametrize("case", WIDE_ERRORS)
def test_wide_refuses_units_it_cannot_reach(case: str, tmp_path: Path) -> None:
    toml, said = WIDE_ERRORS[case]
    model = dense(np.random.default_rng(1), "int8", "RELU6", 1, True, True)
    with pytest.raises(IoFileError) as caught:
        converted(model, tmp_path, toml, "wide")
    assert said in str(caught.value) and "io.toml, [output]" in str(caught.value)


def test_outputs_that_a_model_does_not_have_are_refused(tmp_path: Path) -> None:
    gesture, pose = MODELS / "gesture" / "gesture.tflite", MODELS / "pose" / "pose.tflite"
    with pytest.raises(UsageError, match=r"wide needs FULLY_CONNECTED or CONV_2D as the last layer.*SOFTMAX"):
        converted(gesture, tmp_path, UNIT, "wide")
    with pytest.raises(UsageError, match="needs to know the unit"):
        converted(pose, tmp_path, output="wide")
    with pytest.raises(UsageError, match=r"(?s)no output best.*wide, argmax"):
        converted(pose, tmp_path, output="best")
    with pytest.raises(IoFileError, match=r"\[output\]: with argmax the output is a class number"):
        converted(gesture, tmp_path, UNIT, "argmax")
    rows = dense(np.random.default_rng(1), "int8", "NONE", 3, True, True)
    with pytest.raises(UsageError, match="one row of two or more classes"):
        converted(rows, tmp_path, output="argmax")


def test_predict_stays_as_it_is(tmp_path: Path) -> None:
    """The first function's C is the same with a second one beside it."""
    model = MODELS / "gesture" / "gesture.tflite"
    head = "void gesture_predict("
    plain = convert(model).source.split(head)[1]
    both = convert(model, output="argmax").source.split(head)[1].split("\n}\n")[0]
    assert plain == both + "\n}\n"


def test_the_class_of_gestures_is_a_maximum_of_the_reference(tmp_path: Path) -> None:
    model, test = MODELS / "gesture" / "gesture.tflite", np.load(MODELS / "gesture" / "testset.npz")
    conversion = convert(model, output="argmax+margin")
    rows = test["quantized"]
    expected = run_reference(model.read_bytes(), [[row[np.newaxis]] for row in rows])
    results = run_entry(conversion, tmp_path, [[row] for row in rows])
    classes = [int(step[0][0]) for step in results]
    assert set(classes) == {0, 1}
    for chosen, margin, (scores,) in zip(classes, (step[1][0] for step in results), expected, strict=True):
        assert scores[0, chosen] == scores.max()
        assert margin or scores[0, 0] == scores[0, 1]


def classifier(dtype: str, classes: int, softmax: bool) -> bytes:
    """Scores that are the inputs, from a layer with the unit matrix, and their softmax."""
    sx, zero = (0.1, -3) if dtype == "int8" else (2.0**-11, 0)
    bias_type = "int32" if dtype == "int8" else "int64"
    tensors = [
        T("x", dtype, (1, classes), sx, zero),
        T("w", "int8", (classes, classes), 0.5, data=2 * np.eye(classes, dtype=int)),
        T("b", bias_type, (classes,), sx * 0.5, data=np.zeros(classes, int)),
        T("y", dtype, (1, classes), sx, zero),
        T("p", dtype, (1, classes), *((1 / 256, -128) if dtype == "int8" else (1 / 32768, 0))),
    ]
    options = a.FullyConnected(quantized_bias_type=bias_type if dtype == "int16" else "")
    operators = [Op("FULLY_CONNECTED", ["x", "w", "b"], ["y"], options)]
    if not softmax:
        return build(tensors[:-1], operators, ["x"], ["y"])
    return build(tensors, [*operators, Op("SOFTMAX", ["y"], ["p"], a.Softmax(1.0))], ["x"], ["p"])


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("softmax", [True, False])
def test_ties_resolve_as_the_first_and_the_reference_agrees(dtype: str, softmax: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    model = classifier(dtype, 6, softmax)
    conversion = converted(model, tmp_path, output="argmax+margin")
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    steps = [np.full(6, v) for v in (low, 0, high)]  # all the same
    steps += [rng.integers(v, v + 3, 6) for v in (low, -2, high - 2) for _ in range(40)]  # few values: ties
    steps += [rng.integers(low, high, 6, endpoint=True) for _ in range(100)]
    steps = [step.astype(dtype) for step in steps]
    results = run_entry(conversion, tmp_path, [[s] for s in steps], sanitize=True)
    expected = run_reference(model, [[s[np.newaxis]] for s in steps])
    ties = 0
    for step, (chosen, margin), (scores,) in zip(steps, results, expected, strict=True):
        ranked = np.sort(step.astype(int))
        assert chosen[0] == np.flatnonzero(step == step.max())[0]
        assert margin[0] == ranked[-1] - ranked[-2]
        assert scores[0, chosen[0]] == scores.max()
        ties += int((scores == scores.max()).sum() > 1)
    assert ties > 50
    if softmax:
        text = conversion.source.split("model_predict_class(")[1]
        assert "softmax" not in text and "class_of_scores" in text
        assert any(layer.operator.kind == "SOFTMAX" for layer in conversion.program.layers)


def test_argmax_alone_returns_the_same(tmp_path: Path) -> None:
    steps = [np.random.default_rng(4).integers(-128, 128, 6).astype(np.int8) for _ in range(50)]
    alone = converted(classifier("int8", 6, True), tmp_path, output="argmax")
    assert "int model_predict_class(const int8_t input[6]);" in alone.header
    got = [int(step[0][0]) for step in run_entry(alone, tmp_path, [[s] for s in steps])]
    assert got == [int(np.argmax(s)) for s in steps]


def test_raw_counts_to_a_class(tmp_path: Path) -> None:
    toml = '[input]\ntype = "int16"\nunit = "1/32768"\n'
    test = np.load(MODELS / "gesture" / "testset.npz")
    conversion = converted(MODELS / "gesture" / "gesture.tflite", tmp_path, toml, "argmax")
    assert "int gesture_predict_class(const int16_t raw[150]);" in conversion.header
    raws = np.clip(np.rint(test["inputs"] * 32768), -32768, 32767).astype(np.int16)
    from_raw = [int(s[0][0]) for s in run_entry(conversion, tmp_path, [[row] for row in raws])]
    plain = convert(MODELS / "gesture" / "gesture.tflite", output="argmax")
    assert from_raw == [int(s[0][0]) for s in run_entry(plain, tmp_path, [[row] for row in test["quantized"]])]


@pytest.mark.parametrize("outputs", [["y", "p"], ["p", "y", "v"], ["v"]])
def test_a_wide_output_that_others_use_too(outputs: list[str], tmp_path: Path) -> None:
    """Its quantized form stays where a SOFTMAX or another output wants it, and goes where nobody does."""
    rng = np.random.default_rng(0)
    tensors = [
        T("x", "int8", (1, 7), 0.05, 3),
        T("w", "int8", (5, 7), 0.01, data=rng.integers(-127, 128, (5, 7))),
        T("y", "int8", (1, 5), 0.05, 0),
        T("p", "int8", (1, 5), 1 / 256, -128),
        T("v", "int8", (5, 1), 0.05, 0),
    ]
    first = Op("FULLY_CONNECTED", ["x", "w"], ["y"], a.FullyConnected())
    rest = [Op("SOFTMAX", ["y"], ["p"], a.Softmax(1.0)), Op("RESHAPE", ["y"], ["v"], a.Reshape((5, 1)))]
    model = build(tensors, [first, *rest], ["x"], outputs)
    position = next(i for i, name in enumerate(outputs) if name != "p")
    port = f"output{position}" if len(outputs) > 1 else "output"
    conversion = converted(model, tmp_path, f'[{port}]\ntype = "int16"\nunit = 0.001\n', "wide")
    steps = [rng.integers(-128, 128, (1, 7)).astype(np.int8) for _ in range(20)]
    results = run_entry(conversion, tmp_path, [[s] for s in steps], sanitize=True)
    exact = exact_counts(build(tensors, [first], ["x"], ["y"]), steps, [Fraction(1, 1000)])
    expected = run_reference(model, [[s] for s in steps])
    for result, wanted, reference in zip(results, exact, expected, strict=True):
        assert all(abs(g - w) <= 1 for g, w in zip(result[position].tolist(), wanted, strict=True))
        others = [j for j in range(len(outputs)) if j != position]
        assert all(np.array_equal(result[j], reference[j].reshape(-1)) for j in others)
    called = conversion.source.split("_predict_raw(")[1]
    assert ("fully_connected_0(" in called) == (len(outputs) > 1) and "fully_connected_0_wide(" in called
