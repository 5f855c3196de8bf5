"""The audit's numbers: against exact fractions, hand computation, brute force and the reference interpreter."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.model_builder import Op, T, build
from tests.needs import need_reference
from tflite2int.attributes import Activation, Arithmetic, Conv2D, DepthwiseConv2D, FullyConnected, Pool2D, Softmax
from tflite2int.audit import Audit, OperatorFacts, RescaleFacts, audit, audit_graph
from tflite2int.compiler import convert
from tflite2int.errors import Tflite2IntError
from tflite2int.graph import Array
from tflite2int.reader import read_bytes, read_model
from tflite2int.verify.reference import run_reference


def audited(model: bytes) -> Audit:
    return audit_graph(read_bytes(model, "model"))


def f32(value: float) -> Fraction:
    return Fraction(float(np.float32(value)))


def assert_multiplier(rescale: RescaleFacts, channel: int, real: Fraction, rounded: Fraction) -> None:
    """``multiplier * 2**(shift - 31)`` is the only such number with 31 bits next to ``real``; ``rounded``: how far real
    itself may be off, relatively, by the reference's own float arithmetic."""
    multiplier, shift = rescale.multiplier[channel], rescale.shift[channel]
    assert 2**30 <= multiplier < 2**31
    error = Fraction(multiplier) * Fraction(2) ** (shift - 31) / real - 1
    assert abs(error) <= Fraction(1, 2**31) + rounded
    assert abs(Fraction(rescale.real[channel]) / real - 1) <= rounded
    assert rescale.relative_error[channel] == pytest.approx(float(abs(error)), abs=float(rounded) + 1e-15)


DOUBLE, SINGLE = Fraction(3, 2**53), Fraction(1, 2**23)


def fully_connected(
    weights: Array,
    bias: Array | None = None,
    activation: Activation = "NONE",
    x: tuple[float, int] = (0.5, -3),
    y: tuple[float, int] = (2.0, 5),
    weight_scale: Any = 0.25,
    bias_scale: Any = None,
    batch: int = 1,
) -> bytes:
    outputs, inputs = weights.shape
    tensors = [
        T("x", "int8", (batch, inputs), x[0], x[1]),
        T("w", "int8", weights.shape, weight_scale, data=weights),
        T("y", "int8", (batch, outputs), y[0], y[1]),
    ]
    if bias is not None:
        scale = x[0] * np.array(weight_scale) if bias_scale is None else np.array(bias_scale)
        tensors.append(T("b", "int32", bias.shape, scale.tolist(), data=bias))
    names = ["x", "w", None if bias is None else "b"]
    return build(tensors, [Op("FULLY_CONNECTED", names, ["y"], FullyConnected(activation))], ["x"], ["y"])


def only(result: Audit) -> OperatorFacts:
    assert len(result.operators) == 1
    return result.operators[0]


def codes(result: Audit) -> set[str]:
    return {f.code for f in result.findings}


# CMSIS-NN's parameters


def test_parameters_of_a_convolution_with_scales_a_channel() -> None:
    rng = np.random.default_rng(1)
    scales = [0.011, 0.0123, 0.4, 3e-7, 1.7]
    weights = rng.integers(-127, 128, (5, 3, 3, 2))
    options = Conv2D("SAME", stride_h=2, stride_w=1, activation="RELU6")
    tensors = [
        T("x", "int8", (1, 8, 8, 2), 0.0317, -7),
        T("w", "int8", (5, 3, 3, 2), scales, data=weights),
        T("b", "int32", (5,), [0.0317 * s for s in scales], data=rng.integers(-500, 500, 5)),
        T("y", "int8", (1, 4, 8, 5), 0.047, -100),
    ]
    op = only(audited(build(tensors, [Op("CONV_2D", ["x", "w", "b"], ["y"], options)], ["x"], ["y"])))
    (rescale,) = op.rescales
    for channel, scale in enumerate(scales):
        assert_multiplier(rescale, channel, f32(0.0317) * f32(scale) / f32(0.047), DOUBLE)
    assert (op.input_offset, op.filter_offset, op.output_offset) == ((7,), 0, -100)
    # Real 0 is the zero point; real 6 is 127.66 steps above it.
    assert (op.act_min, op.act_max) == (-100, 28)
    assert op.act_min_real == 0 and op.act_max_real == pytest.approx(128 * 0.047)
    wanted = {"stride_h": 2, "stride_w": 1, "padding_h": 0, "padding_w": 1, "dilation_h": 1, "dilation_w": 1}
    assert op.parameters == wanted
    assert op.macs == 4 * 8 * 5 * 3 * 3 * 2
    assert op.weights and op.weights.scale_spread == pytest.approx(1.7 / 3e-7)


def test_parameters_of_a_depthwise_convolution_and_a_pool() -> None:
    weights = np.arange(1, 37).reshape(1, 3, 3, 4)
    tensors = [
        T("x", "int8", (1, 5, 5, 2), 0.1, 3),
        T("w", "int8", (1, 3, 3, 4), [0.1, 0.2, 0.3, 0.4], axis=3, data=weights),
        T("b", "int32", (4,), [0.01, 0.02, 0.03, 0.04], data=[1, 2, 3, 4]),
        T("y", "int8", (1, 5, 5, 4), 0.5, 0),
        T("z", "int8", (1, 2, 2, 4), 0.5, 0),
    ]
    operators = [
        Op("DEPTHWISE_CONV_2D", ["x", "w", "b"], ["y"], DepthwiseConv2D("SAME", depth_multiplier=2)),
        Op("MAX_POOL_2D", ["y"], ["z"], Pool2D("VALID", 2, 2, 2, 2, "RELU")),
    ]
    conv, pool = audited(build(tensors, operators, ["x"], ["z"])).operators
    assert conv.parameters["ch_mult"] == 2
    assert conv.weights and conv.weights.peak == tuple(weights[0].reshape(9, 4).max(axis=0))
    for channel, scale in enumerate([0.1, 0.2, 0.3, 0.4]):
        assert_multiplier(conv.rescales[0], channel, f32(0.1) * f32(scale) / f32(0.5), DOUBLE)
    assert (pool.act_min, pool.act_max, pool.rescales) == (0, 127, ())
    assert pool.parameters == {"stride_h": 2, "stride_w": 2, "padding_h": 0, "padding_w": 0}


def test_parameters_of_a_sum() -> None:
    tensors = [T("a", "int8", (4,), 0.1, 3), T("b", "int8", (4,), 0.7, -2), T("y", "int8", (4,), 0.9, 10)]
    op = only(audited(build(tensors, [Op("ADD", ["a", "b"], ["y"], Arithmetic("RELU"))], ["a", "b"], ["y"])))
    assert (op.input_offset, op.output_offset, op.act_min, op.act_max) == ((-3, 2), 10, 10, 127)
    assert op.parameters == {"left_shift": 20}
    reals = [f32(0.1) / (2 * f32(0.7)), Fraction(1, 2), 2 * f32(0.7) / (2**20 * f32(0.9))]
    assert [r.name for r in op.rescales] == ["input0", "input1", "output"]
    for rescale, real in zip(op.rescales, reals, strict=True):
        assert_multiplier(rescale, 0, real, DOUBLE)


def test_parameters_of_a_softmax() -> None:
    """beta * scale * 2^26 is 1.6 * 2^22, which is 0.8 * 2^31 * 2^(23 - 31); 31 * 2^26 / 2^23 is 248."""
    x, y = T("x", "int8", (1, 4), 0.05, 7), T("y", "int8", (1, 4), 1 / 256, -128)
    op = only(audited(build([x, y], [Op("SOFTMAX", ["x"], ["y"], Softmax(2.0))], ["x"], ["y"])))
    assert op.rescales[0].shift == (23,) and op.parameters == {"diff_min": -248}
    assert_multiplier(op.rescales[0], 0, 2 * f32(0.05) * 2**26, DOUBLE)


def test_a_fully_connected_layer_rounds_the_product_of_scales_to_float32() -> None:
    op = only(audited(fully_connected(np.eye(3, dtype=int), x=(0.0317, 0), y=(0.047, 0), weight_scale=0.011)))
    assert op.rescales[0].real[0] == float(np.float32(np.float32(0.0317) * np.float32(0.011))) / float(
        np.float32(0.047)
    )
    assert_multiplier(op.rescales[0], 0, f32(0.0317) * f32(0.011) / f32(0.047), SINGLE)


def test_uint8_weights_are_taken_less_their_zero_point() -> None:
    weights = np.array([[100, 103, 90], [100, 100, 100]])
    tensors = [
        T("x", "uint8", (1, 3), 0.5, 7),
        T("w", "uint8", (2, 3), 0.25, 100, data=weights),
        T("b", "int32", (2,), 0.125, data=[50, -9]),
        T("y", "uint8", (1, 2), 2.0, 5),
    ]
    model = build(tensors, [Op("FULLY_CONNECTED", ["x", "w", "b"], ["y"], FullyConnected())], ["x"], ["y"])
    op = only(audited(model))
    assert op.status == "refused" and op.obstacles
    assert (op.input_offset, op.filter_offset, op.output_offset) == ((-7,), -100, 5)
    assert op.rescales[0].real == (0.0625, 0.0625)
    assert op.rescales[0].accumulator == ((50 + 3 * -7 - 10 * 248, 50 + 3 * 248 - 10 * -7), (-9, -9))
    assert op.weights and (op.weights.peak, op.weights.zeros, op.weights.dead) == ((10, 0), 4, (1,))


def test_uint8_convolutions_round_the_product_of_scales_to_float32() -> None:
    tensors = [
        T("x", "uint8", (1, 2, 2, 1), 0.0317, 7),
        T("w", "uint8", (1, 1, 1, 1), 0.011, 100, data=[[[[3]]]]),
        T("b", "int32", (1,), 0.0317 * 0.011, data=[5]),
        T("y", "uint8", (1, 2, 2, 1), 0.047, 5),
    ]
    op = only(audited(build(tensors, [Op("CONV_2D", ["x", "w", "b"], ["y"], Conv2D("VALID"))], ["x"], ["y"])))
    product = float(np.float32(np.float32(0.0317) * np.float32(0.011)))
    assert product != f32(0.0317) * f32(0.011)
    assert op.rescales[0].real == (product / float(np.float32(0.047)),)


def test_a_transposed_convolution_takes_each_input_into_a_whole_window() -> None:
    tensors = [
        T("s", "int32", (4,), data=[1, 6, 6, 4]),
        T("w", "int8", (4, 3, 3, 2), 0.25, data=np.ones((4, 3, 3, 2))),
        T("x", "int8", (1, 3, 3, 2), 0.5, -3),
        T("y", "int8", (1, 6, 6, 4), 2.0, 5),
    ]
    op = only(audited(build(tensors, [Op("TRANSPOSE_CONV", ["s", "w", "x"], ["y"])], ["x"], ["y"])))
    assert op.macs == 3 * 3 * 2 * 3 * 3 * 4
    assert (op.input_offset, op.output_offset, op.act_min) == ((3,), 5, None)  # its activation is not read
    assert op.rescales[0].accumulator == ((-125 * 18, 130 * 18),) * 4


# Accumulators and channels, by brute force


WEIGHTS = np.array([[127, -128], [3, 0], [0, 0], [-1, -1], [1, 1], [127, 127], [1, 2], [0, 1], [0, 0]])
BIAS = np.array([1000, -7, 40, -4000, 9000, 50, 10, -2000, 0])


@pytest.mark.parametrize("activation", ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
def test_intervals_and_dead_channels_are_those_of_all_inputs(activation: Activation) -> None:
    """All 65,536 inputs of a layer with two, by hand and through the reference."""
    need_reference()
    inputs = np.array(list(product(range(-128, 128), repeat=2)))
    accumulators = (inputs + 3) @ WEIGHTS.T + BIAS
    op = only(audited(fully_connected(WEIGHTS, BIAS, activation)))
    assert op.weights is not None and op.act_min is not None
    assert op.rescales[0].accumulator == tuple(zip(accumulators.min(axis=0), accumulators.max(axis=0), strict=True))
    model = fully_connected(WEIGHTS, BIAS, activation, batch=len(inputs))
    ((outputs,),) = run_reference(model, [[inputs.astype(np.int8)]])
    assert op.weights.outputs == tuple(zip(outputs.min(axis=0), outputs.max(axis=0), strict=True))
    constant = [c for c in range(len(WEIGHTS)) if len(np.unique(outputs[:, c])) == 1]
    assert list(op.weights.dead) == constant and 2 in constant
    assert list(op.weights.always_lowest) == [c for c in constant if outputs[0, c] == op.act_min]
    assert list(op.weights.always_highest) == [c for c in constant if outputs[0, c] == op.act_max]


@pytest.mark.parametrize("value, bits", [(127, 8), (128, 9), (2**30 - 1, 31), (2**30, 32), (-(2**30), 31)])
def test_bits_of_the_accumulator_are_those_of_twos_complement(value: int, bits: int) -> None:
    op = only(audited(fully_connected(np.zeros((1, 1), int), np.array([value]))))
    assert (op.rescales[0].accumulator, op.rescales[0].accumulator_bits) == (((value, value),), bits)


NETWORKS = [
    "tiny__kws_ref_model",
    "tiny__vww_96_int8",
    "tiny__pretrainedResnet_quant",
    "tiny__ad01_int8",
    "arduino-cli__image_recognition_model",  # uint8
    "ai_tools__test_transpose_conv_5",
    "ai_tools__i16_test_transpose_conv_1",
]


@pytest.mark.parametrize("name", NETWORKS)
def test_no_value_of_the_reference_lies_outside_its_proved_interval(name: str, shared: Path) -> None:
    need_reference()
    path = shared / "models" / "corpus" / f"{name}.tflite"
    graph, result, rng = read_bytes(path.read_bytes(), name), audit(path), np.random.default_rng(2)
    steps: list[list[Any]] = []
    for kind in range(4):
        tensors = [graph.tensor(index) for index in graph.inputs]
        limits = [t.dtype.limits for t in tensors]
        ends = [[low, high] if kind == 2 else [low] if kind == 0 else [high] for low, high in limits]
        steps.append(
            [
                rng.choice(e, t.shape) if kind < 3 else rng.integers(*limit, t.shape, endpoint=True)
                for t, e, limit in zip(tensors, ends, limits, strict=True)
            ]
        )
        steps[-1] = [v.astype(t.dtype.numpy) for v, t in zip(steps[-1], tensors, strict=True)]
    _, values = run_reference(path.read_bytes(), steps, tensors=True)
    checked = 0
    for op in result.operators:
        if op.weights is None:
            continue
        low, high = np.array(op.weights.outputs).T
        for step in values:
            found = step[op.outputs[0]].reshape(-1, op.weights.channels)
            assert (found >= low).all() and (found <= high).all(), f"operator {op.index} ({op.kind})"
            assert all(len(np.unique(found[:, c])) == 1 for c in op.weights.dead)
            checked += found.size
    assert checked


@pytest.mark.parametrize(
    "name", ["conv_3x3_s1_same_i16x8", "fc_relu_i16x8", "dw_3x3_s2_same_i16x8", "tconv_3x3_s2_same_i16x8"]
)
def test_16_bit_activations_have_wide_accumulators_and_sound_intervals(name: str, shared: Path) -> None:
    need_reference()
    path = shared / "models" / "operators" / f"{name}.tflite"
    graph, op = read_bytes(path.read_bytes(), name), next(o for o in audit(path).operators if o.weights)
    assert op.weights and op.rescales[0].accumulator_width == 64
    shape = graph.tensor(graph.inputs[0]).shape
    steps = [[np.full(shape, v, np.int16)] for v in (-32768, 32767)]
    _, values = run_reference(path.read_bytes(), steps, tensors=True)
    low, high = np.array(op.weights.outputs).T
    for step in values:
        found = step[op.outputs[0]].reshape(-1, op.weights.channels)
        assert (found >= low).all() and (found <= high).all()


def test_ends_of_16_bit_outputs_are_met_exactly() -> None:
    """Positive weights: the lowest and the highest input give the ends of each channel's interval."""
    need_reference()
    rng = np.random.default_rng(4)
    weights, bias = rng.integers(1, 128, (64, 9)), rng.integers(-(10**6), 10**6, 64)
    tensors = [
        T("x", "int16", (2, 9), 0.01),
        T("w", "int8", weights.shape, 0.02, data=weights),
        T("b", "int64", bias.shape, 0.0002, data=bias),
        T("y", "int16", (2, 64), 0.3),
    ]
    operators = [Op("FULLY_CONNECTED", ["x", "w", "b"], ["y"], FullyConnected(), version=4)]
    model = build(tensors, operators, ["x"], ["y"])
    inputs = np.stack([np.full(9, -32768, np.int16), np.full(9, 32767, np.int16)])
    ((outputs,),) = run_reference(model, [[inputs]])
    op = only(audited(model))
    assert op.weights and op.weights.outputs == tuple(zip(*outputs.tolist(), strict=True))


# Tensors


def test_tensor_facts() -> None:
    weights = np.array([[1, -2], [4, 0]])
    model = fully_connected(weights, np.array([8, -16]), weight_scale=[0.25, 0.5], x=(0.5, -3))
    x, w, y, b = audited(model).tensors
    assert (x.role, x.real_min, x.real_max, x.axis, x.bytes) == ("input", (-128 + 3) * 0.5, (127 + 3) * 0.5, None, 2)
    assert (w.role, w.real_min, w.real_max, w.axis) == ("constant", -0.5, 2.0, 0)
    assert (w.scales, w.zero_points, w.shape, w.dtype) == ((0.25, 0.5), (0, 0), (2, 2), "int8")
    assert (b.role, b.real_min, b.real_max, b.bytes) == ("constant", -4.0, 1.0, 8)
    assert (y.role, y.real_min, y.real_max) == ("output", -266.0, 244.0)


def test_names_that_are_not_to_be_trusted_are_made_printable(shared: Path) -> None:
    result = audit(shared / "models" / "hostile" / "h11_name_injection.tflite")
    for text in (result.text(), result.csv(), json.dumps(result.to_dict(), ensure_ascii=False)):
        assert all(c == "\n" or " " <= c <= "~" for c in text)


# Models of all kinds


@pytest.mark.parametrize("folder", ["corpus", "operators", "unsupported", "hostile"])
def test_every_readable_model_is_audited(folder: str, shared: Path) -> None:
    refused = audited_files = 0
    for path in sorted((shared / "models" / folder).glob("*.tflite")):
        try:
            read_model(path)
        except Tflite2IntError:
            refused += 1
            with pytest.raises(Tflite2IntError):
                audit(path)
            continue
        audited_files += 1
        result = audit(path)
        json.dumps(result.to_dict(), allow_nan=False)
        head, *rows = csv.reader(io.StringIO(result.csv()))
        assert {len(row) for row in rows} == {len(head)}
        assert str(path.stem)[:20] in result.text()
        assert all(f.what and f.where and f.remedy and f.title for f in result.findings)
        refusals = [f for f in result.findings if f.code == "refused"]
        assert bool(refusals) >= any(op.status == "refused" for op in result.operators)
    assert audited_files and (refused > 0) == (folder == "hostile")


@pytest.mark.parametrize("name", ["tiny__kws_ref_model", "tiny__pretrainedResnet_quant", "tiny__ad01_int8"])
def test_macs_are_those_of_the_program(name: str, shared: Path) -> None:
    path = shared / "models" / "corpus" / f"{name}.tflite"
    assert sum(op.macs for op in audit(path).operators) == convert(path).program.macs > 0


def test_float_models_keep_their_tensors_and_are_told_how_to_export(shared: Path) -> None:
    result = audit(shared / "models" / "unsupported" / "tiny__kws_ref_model_float32.tflite")
    assert {op.status for op in result.operators} == {"refused"} and result.tensors
    assert result.findings[0].severity == "error" and "representative_dataset" in result.findings[0].remedy


def test_operators_that_conversion_takes_away_are_told() -> None:
    tensors = [T("f", "float32", (4,)), T("x", "int8", (4,), 0.5), T("y", "int8", (4,), 0.5), T("g", "float32", (4,))]
    operators = [Op("QUANTIZE", ["f"], ["x"]), Op("RELU", ["x"], ["y"]), Op("DEQUANTIZE", ["y"], ["g"])]
    result = audited(build(tensors, operators, ["f"], ["g"]))
    assert [op.status for op in result.operators] == ["removed", "computed", "removed"]
    assert len(result.changes) == 2 and "refused" not in codes(result)
    assert (result.operators[1].act_min, result.operators[1].act_max) == (0, 127)


def test_csv_has_a_row_for_each_channel() -> None:
    result = audited(fully_connected(np.ones((3, 2), int), weight_scale=[0.1, 0.2, 0.3]))
    rows = list(csv.DictReader(io.StringIO(result.csv())))
    channels = [row for row in rows if row["record"] == "rescale"]
    rescale = only(result).rescales[0]
    assert [int(row["multiplier"]) for row in channels] == list(rescale.multiplier)
    assert [float(row["real_multiplier"]) for row in channels] == list(rescale.real)
    assert [row["channel"] for row in channels] == ["0", "1", "2"]
    assert {row["input_offset"] for row in channels} == {"3"}
    assert sum(row["record"] == "tensor" for row in rows) == len(result.tensors)


def test_the_text_answers_cmsis_nns_question() -> None:
    text = audited(fully_connected(np.full((1, 2), 100), np.array([5]), "RELU")).text()
    # 0.5 * 0.25 / 2 is 2^-4, and 2^30 * 2^(shift - 31) is that for a shift of -3.
    row = next(line for line in text.splitlines() if line.split()[:3] == ["0", "FULLY_CONNECTED", "output"])
    assert row.split()[3:10] == ["0.0625", "1073741824", "-3", "3", "5", "5", "127"]
