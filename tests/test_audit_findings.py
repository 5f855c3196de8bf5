"""Each finding of the audit: where it must be made, with hand-computed numbers, and where it must not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.model_builder import Op, T, build
from tests.test_audit import audited, fully_connected
from tflite2int.attributes import Activation, Arithmetic, Attributes, Concatenation, FullyConnected, Softmax
from tflite2int.audit import Audit, Finding

GOOD = np.array([[127, -100], [-90, 127]])  # weights that use their range


def found(result: Audit, code: str) -> Finding:
    """The one finding of that code."""
    (finding,) = [f for f in result.findings if f.code == code]
    return finding


def absent(result: Audit, code: str) -> bool:
    return all(f.code != code for f in result.findings)


def one_to_one(kind: str, x: T, y: T, options: Attributes | None = None) -> Audit:
    return audited(build([x, y], [Op(kind, [x.name], [y.name], options)], [x.name], [y.name]))


def int8(name: str, scale: float, zero_point: int = 0, shape: Sequence[int] = (1, 4)) -> T:
    return T(name, "int8", shape, scale, zero_point)


def test_a_layer_that_uses_its_ranges_has_no_findings() -> None:
    assert audited(fully_connected(GOOD, np.array([10, -10]), y=(16.0, 0))).findings == ()


# Weights, biases, accumulators


def test_an_accumulator_without_headroom() -> None:
    bias = 3 * 2**28  # with its sign it takes 31 bits
    finding = found(audited(fully_connected(GOOD, np.array([bias, 0]), y=(2.0**28, 0))), "accumulator")
    assert finding.severity == "warning" and "31 bits of 32" in finding.what
    high = bias + 127 * (127 + 3) + 100 * (128 - 3)
    assert f"to {high}:" in finding.what
    assert absent(audited(fully_connected(GOOD, np.array([bias // 2, 0]), y=(2.0**28, 0))), "accumulator")


def test_an_accumulator_that_may_overflow_is_an_error() -> None:
    finding = found(audited(fully_connected(GOOD, np.array([2**31 - 1, 0]), y=(2.0**28, 0))), "accumulator")
    assert finding.severity == "error" and "33 bits of 32" in finding.what


@pytest.mark.parametrize(
    "bias, named, width", [("int32", "", 32), ("int64", "", 64), (None, "", 64), (None, "int32", 32)]
)
def test_the_width_of_16_bit_accumulators_is_that_of_the_bias(bias: str | None, named: str, width: int) -> None:
    """600 weights of 127 take an accumulator to 600 * 127 * 2^15, which is 33 bits: too many of 32, few of 48."""
    tensors = [
        T("x", "int16", (1, 600), 0.5),
        T("w", "int8", (1, 600), 0.25, data=np.full((1, 600), 127)),
        T("b", bias or "int32", (1,), 0.125, data=[0]),
        T("y", "int16", (1, 1), 2.0**14),
    ]
    options = FullyConnected(quantized_bias_type=named)
    op = Op("FULLY_CONNECTED", ["x", "w", "b" if bias else None], ["y"], options)
    result = audited(build(tensors, [op], ["x"], ["y"]))
    rescale = result.operators[0].rescales[0]
    assert (rescale.accumulator_width, rescale.accumulator_bits) == (width, 33)
    assert absent(result, "accumulator") == (width == 64)


@pytest.mark.parametrize("bias, near", [(2**30 - 1, False), (2**30, True), (-(2**30), True), (-(2**31), True)])
def test_a_bias_that_nearly_overflows(bias: int, near: bool) -> None:
    result = audited(fully_connected(np.zeros((2, 1), int), np.array([0, bias]), y=(2.0**28, 0)))
    assert absent(result, "bias-range") != near
    if near:
        finding = found(result, "bias-range")
        assert f"1 of 2 channels (1): up to {abs(bias)} of 2147483647; 1 with all weights 0" in finding.what
        assert finding.tensor == 3


@pytest.mark.parametrize("bias, severity", [(100, "error"), (1, "note")])
def test_a_bias_in_another_scale(bias: int, severity: str) -> None:
    """Input scale * weight scale is 0.125; a bias in steps of 0.25 is bias * 0.125 / 2 output steps off."""
    finding = found(audited(fully_connected(GOOD, np.array([bias, 0]), bias_scale=[0.25, 0.125])), "bias-scale")
    assert finding.severity == severity
    assert (
        f"its scale is 0.25 where input scale * weight scale is 0.125: outputs are off by up to {bias / 16:.3g} steps"
        in (finding.what)
    )


def test_float32_rounding_of_a_bias_scale_is_no_finding() -> None:
    rng = np.random.default_rng(3)
    for scale in rng.uniform(0.001, 0.1, 50):
        product = float(np.float32(np.float32(0.0317) * np.float32(scale)))
        model = fully_connected(GOOD, np.array([9, 9]), x=(0.0317, 0), weight_scale=float(scale), bias_scale=product)
        assert absent(audited(model), "bias-scale")


def test_weights_that_use_less_than_half_of_their_range() -> None:
    finding = found(audited(fully_connected(np.array([[127], [20]]))), "weight-range")
    assert finding.severity == "warning" and finding.weight == pytest.approx(math.log2(127 / 20) / 2)
    assert "one scale for all: the weights of 1 of 2 channels (1) reach only 20 of 127; 2.7 bits" in finding.what
    assert absent(audited(fully_connected(np.array([[127], [64]]))), "weight-range")
    assert found(audited(fully_connected(np.array([[127], [50]]))), "weight-range").severity == "note"


def test_dead_channels_and_what_they_waste() -> None:
    """Two layers of 2 * 2 and 2 * 1 multiply-accumulates, in each of which one channel cannot leave its zero point."""
    tensors = [
        int8("x", 0.5, -3, (1, 2)),
        T("w", "int8", (2, 2), 0.25, data=[[127, -100], [0, 0]]),
        int8("h", 2.0, 5, (1, 2)),
        T("v", "int8", (1, 2), 0.25, data=[[0, 0]]),
        int8("y", 2.0, 5, (1, 1)),
    ]
    operators = [Op("FULLY_CONNECTED", [a, b, None], [c], FullyConnected()) for a, b, c in ("xwh", "hvy")]
    dead = [f for f in audited(build(tensors, operators, ["x"], ["y"])).findings if f.code == "dead-channels"]
    assert [f.where.split(",")[0] for f in dead] == [
        "the model",
        "operator 0 (FULLY_CONNECTED)",
        "operator 1 (FULLY_CONNECTED)",
    ]
    assert [f.weight for f in dead] == pytest.approx([4 / 6, 2 / 6, 2 / 6])
    assert {f.severity for f in dead} == {"warning"}
    assert "1 of 2 channels (1): 50 % of the operator's MACs, 33.3 % of the model's" in dead[1].what


def test_channels_that_always_stand_at_a_bound() -> None:
    model = fully_connected(np.array([[1], [1], [1]]), np.array([-4000, 4000, 0]), "RELU", y=(1.0, -128))
    assert (
        "2 of 3 channels (0, 1), 1 always at act_min and 1 always at act_max"
        in found(audited(model), "dead-channels").what
    )


def test_an_output_range_that_no_input_fills() -> None:
    """A weight of 127 takes x - zero point from -125 to 130: times 2^-8 that is from -62 to 64."""
    finding = found(audited(fully_connected(np.array([[127]]), y=(32.0, 0))), "output-range")
    low, high = round(-125 * 127 / 256), round(130 * 127 / 256)
    assert f"within {low} to {high} ({low * 32:.4g} to {high * 32:.4g})" in finding.what
    assert f"{high - low + 1} of 256 steps; the scale is {256 / (high - low + 1):.1f} times too large" in finding.what
    assert absent(audited(fully_connected(np.array([[127]]), y=(8.0, 0))), "output-range")


def test_multipliers_so_small_that_a_channel_hardly_moves() -> None:
    """128 weights of 127 reach 127 * 128 * 255 = 4.1 million steps of the accumulator, two times 2^21."""
    weights = np.full((2, 128), 127)
    finding = found(audited(fully_connected(weights, y=(2.0, 0), weight_scale=[0.25, 2.0**-19])), "tiny-multiplier")
    assert "1 of 2 channels (1): real multiplier 4.77e-07, outputs move by 2 at most" in finding.what
    assert absent(audited(fully_connected(weights, y=(2.0, 0), weight_scale=[0.25, 2.0**-18])), "tiny-multiplier")


def test_an_output_scale_finer_than_the_accumulators() -> None:
    assert "2.5" in found(audited(fully_connected(GOOD, y=(0.05, 0))), "skipped-codes").what
    assert absent(audited(fully_connected(GOOD, y=(0.125, 0))), "skipped-codes")


@pytest.mark.parametrize("smallest, told", [(0.25 / 127, False), (0.25 / 129, True)])
def test_scales_that_differ_much(smallest: float, told: bool) -> None:
    assert absent(audited(fully_connected(GOOD, weight_scale=[0.25, smallest])), "scale-spread") != told


def test_mostly_zero_weights() -> None:
    assert (
        "2 of 4 weights are 0 (50 %)"
        in found(audited(fully_connected(GOOD * np.eye(2, dtype=int))), "zero-weights").what
    )
    assert absent(audited(fully_connected(np.array([[127, 0], [1, 1]]))), "zero-weights")


def test_asymmetric_weights_are_told_with_their_zero_point() -> None:
    tensors = [
        T("x", "uint8", (1, 1), 0.5, 7),
        T("w", "uint8", (1, 1), 0.25, 120, data=[[0]]),
        T("y", "uint8", (1, 1), 2.0, 5),
    ]
    model = build(tensors, [Op("FULLY_CONNECTED", ["x", "w", None], ["y"], FullyConnected())], ["x"], ["y"])
    assert found(audited(model), "asymmetric-weights").what == "zero point 120"


# Ranges of activations


@pytest.mark.parametrize(
    "activation, scale, zero_point, severity, what",
    [
        ("RELU", 0.1, 0, "warning", "128 of 256 steps remain (zero point 0 leaves 128 below act_min)"),
        ("RELU", 0.1, -90, "note", "218 of 256 steps remain (zero point -90 leaves 38 below act_min)"),
        ("RELU6", 8 / 255, -128, "note", "192 of 256 steps remain (the scale reaches 8 but act_max is 5.992)"),
        ("RELU6", 6 / 255, -128, "", ""),
        ("RELU", 0.1, -120, "", ""),
        ("NONE", 0.1, 0, "", ""),
    ],
)
def test_a_clamp_that_leaves_part_of_the_range_idle(
    activation: Activation, scale: float, zero_point: int, severity: str, what: str
) -> None:
    result = audited(fully_connected(GOOD, activation=activation, y=(scale, zero_point)))
    if severity:
        finding = found(result, "clamp")
        assert (finding.severity, finding.what) == (severity, what)
    else:
        assert absent(result, "clamp")


@pytest.mark.parametrize("kind, told", [("RELU", False), ("RELU6", True)])
def test_a_16_bit_clamp_is_not_blamed_for_its_zero_point(kind: str, told: bool) -> None:
    result = one_to_one(kind, T("x", "int16", (4,), 8 / 32767), T("y", "int16", (4,), 8 / 32767))
    assert absent(result, "clamp") != told
    if told:
        assert "24576 of 32768 steps remain (the scale reaches 8 but act_max is 6)" in found(result, "clamp").what


def steps_until_saturated(kind: str, step: float) -> int:
    """Input steps from even odds for which the output is still less than certain, by trying each."""
    d = np.arange(1, 256) * step
    if kind == "TANH":
        return int((np.rint((1 - np.tanh(d)) * 128) >= 1).sum())
    return int((np.floor(256 / (1 + np.exp(d)) + 0.5) >= 1).sum())


@pytest.mark.parametrize(
    "kind, scale, beta", [("SOFTMAX", 1.0, 1.0), ("SOFTMAX", 0.25, 2.0), ("LOGISTIC", 0.5, 1.0), ("TANH", 0.25, 1.0)]
)
def test_a_function_whose_input_saturates(kind: str, scale: float, beta: float) -> None:
    y = int8("y", 1 / 128, 0) if kind == "TANH" else int8("y", 1 / 256, -128)
    finding = found(one_to_one(kind, int8("x", scale), y, Softmax(beta) if kind == "SOFTMAX" else None), "saturation")
    step = scale * beta
    assert f" {steps_until_saturated(kind, step)} of its 255 steps" in finding.what
    jump = math.tanh(step) if kind == "TANH" else 1 / (1 + math.exp(-step)) - 0.5
    assert f"moves the result by {jump:.3g}" in finding.what
    fine = one_to_one(kind, int8("x", 0.1 / beta), y, Softmax(beta) if kind == "SOFTMAX" else None)
    assert absent(fine, "saturation")


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_inputs_of_very_different_scales(kind: str) -> None:
    def of(fine: float, constant: bool = False) -> Audit:
        data: Any = np.zeros((1, 4)) if constant else None
        tensors = [int8("a", 0.5), T("b", "int8", (1, 4), fine, data=data), int8("y", 0.5)]
        inputs = ["a"] if constant else ["a", "b"]
        return audited(build(tensors, [Op(kind, ["a", "b"], ["y"], Arithmetic())], inputs, ["y"]))

    finding = found(of(0.01), "add-scales")
    assert "scales 0.5 and 0.01, a ratio of 50: all of its range moves the output by 5.1 steps" in finding.what
    assert finding.tensor == 1
    assert absent(of(0.04), "add-scales") and absent(of(0.01, constant=True), "add-scales")


def test_a_concatenation_whose_scale_does_not_suit_an_input() -> None:
    """The second input is what a RELU leaves of zero point 27: 101 steps; a RESHAPE between them changes nothing."""
    tensors = [
        int8("x", 0.5, 27),
        int8("r", 0.5, 27),
        T("s", "int32", (2,), data=[1, 4]),
        int8("t", 0.5, 27),
        int8("y", 0.5, 27, (1, 8)),
    ]
    operators = [
        Op("RELU", ["x"], ["r"]),
        Op("RESHAPE", ["r", "s"], ["t"]),
        Op("CONCATENATION", ["x", "t"], ["y"], Concatenation(1)),
    ]
    finding = found(audited(build(tensors, operators, ["x"], ["y"])), "concatenation")
    assert finding.what == "input 1 takes 101 of 256 steps (0 to 50) of scale 0.5"


@pytest.mark.parametrize(
    "kind, scales, severity, what",
    [
        ("QUANTIZE", (0.1, 0.5), "warning", "5 steps of the input become one of the output"),
        ("RELU", (0.5, 0.25), "note", "one step of the input is 2 of the output"),
        ("RELU", (0.5, 0.5), "", ""),
        ("QUANTIZE", (0.5, 0.6), "", ""),
    ],
)
def test_a_change_of_scale(kind: str, scales: tuple[float, float], severity: str, what: str) -> None:
    result = one_to_one(kind, int8("x", scales[0], -128), int8("y", scales[1], -128))
    if severity:
        finding = found(result, "requantized")
        assert finding.severity == severity and finding.what.endswith(what)
    else:
        assert absent(result, "requantized")


def test_16_bit_activations_with_a_zero_point() -> None:
    x, y = T("x", "int16", (4,), 0.1, 5), T("y", "int16", (4,), 0.1, 5)
    finding = found(one_to_one("RELU", x, y), "int16-zero-point")
    assert (finding.severity, finding.what, finding.tensor) == ("error", "zero point 5", 1)


# What stands in the way, and order


def test_what_is_refused_comes_first_with_its_place_and_its_remedy() -> None:
    tensors = [
        int8("x", 0.5, -3, (1, 2)),
        T("w", "int8", (2, 2), 0.25, data=np.zeros((2, 2))),
        int8("h", 2.0, 0, (1, 2)),
    ]
    operators = [
        Op("FULLY_CONNECTED", ["x", "w", None], ["h"], FullyConnected()),
        Op("FLOOR_MOD", ["h", "h"], ["y"]),
    ]
    result = audited(build([*tensors, int8("y", 2.0, 0, (1, 2))], operators, ["x"], ["y"]))
    first = result.findings[0]
    assert (first.severity, first.code, first.operator) == ("error", "refused", 1)
    assert "operator 1 (FLOOR_MOD)" in first.where and first.remedy
    ranks = [("error", "warning", "note").index(f.severity) for f in result.findings]
    assert ranks == sorted(ranks) and len(set(ranks)) > 1
    text = result.text()
    assert text.index("ERROR") < text.index("WARNING") < text.index("NOTE")
    assert all(f.what in text and f.where in text for f in result.findings)
