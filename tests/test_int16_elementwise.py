"""16-bit activations: functions of single elements, arithmetic, SOFTMAX and MEAN against the reference."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, SideBySide, T, build
from tests.random_parameters import Choice
from tests.test_arithmetic import KINDS, PATTERNS
from tests.test_lookup import ALPHAS, refused, single
from tflite2int import attributes as a

EVERY = np.arange(-32768, 32768).astype(np.int16)
EDGES = np.array([-32768, -32767, -16384, -256, -2, -1, 0, 1, 2, 3, 255, 16384, 32766, 32767], np.int16)
SHARE = 2.0**-15  # the scale of what LOGISTIC, TANH and SOFTMAX give


def every_input(net: SideBySide, tmp_path: Path) -> None:
    assert_identical(net.build(), tmp_path, inputs=[[EVERY] * len(net.inputs)], sanitize=True)


@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH"])
def test_every_input_of_sigmoids(kind: str, tmp_path: Path) -> None:
    """Powers of two, scales that count as such although they are none, their neighbours, and both ends."""
    near = [2.0**e * (1 + d) for e in (-12, -11, -10, -13) for d in (0, 6.8e-4, -6.8e-4, 7.1e-4, -7.1e-4)]
    scales = [*near, 1e-9, 2.0**-20, 0.0001, 0.00019449, 0.0013333, 0.1, 1.0, 1.3333, 1.34, 2.5, 4.0, 5.3333]
    net = SideBySide()
    for scale in scales:
        net.add(kind, [T("x", "int16", (65536,), float(np.float32(scale)))], [T("y", "int16", (65536,), SHARE)])
    every_input(net, tmp_path)


@pytest.mark.parametrize("kind", ["RELU", "RELU6", "LEAKY_RELU", "QUANTIZE"])
def test_every_input_of_what_rescales(kind: str, tmp_path: Path) -> None:
    choice, net = Choice(1), SideBySide()
    for n in range(14):
        scale = choice.scale(2**-15, 2**-4)
        out = scale if n % 4 == 0 else choice.scale(scale / 8, scale * 8)
        options = a.LeakyRelu(float(choice.choice(ALPHAS))) if kind == "LEAKY_RELU" else None
        net.add(kind, [T("x", "int16", (65536,), scale)], [T("y", "int16", (65536,), out)], options)
    every_input(net, tmp_path)


def test_every_input_of_a_change_of_width(tmp_path: Path) -> None:
    choice, net = Choice(2), SideBySide()
    for dtype in ("int8", "int16", "int32"):
        for points in (0, 0), (-32768, 0), (5, 0), (0, 9), (-7, -9):
            if dtype == "int16" and any(points):
                continue
            scale = choice.scale(2**-15, 2**-8)
            out = choice.scale(scale * 2, scale * 2**10) if dtype == "int8" else choice.scale(scale / 4, scale * 4)
            point = 0 if dtype == "int32" else points[1]
            net.add("QUANTIZE", [T("x", "int16", (65536,), scale, points[0])], [T("y", dtype, (65536,), out, point)])
    every_input(net, tmp_path)


def test_32_bit_inputs(tmp_path: Path) -> None:
    choice, net = Choice(3), SideBySide()
    powers = [s * (2**k + d) for s in (1, -1) for k in range(31) for d in (-1, 0, 1)]
    values = np.array([*powers, -(2**31), 2**31 - 1, *choice.integers(-(2**31), 2**31, 300)], np.int32)
    for n, dtype in product(range(8), ("int8", "int16")):
        out = 2.0**-n * (1 if n < 2 else choice.uniform(0.5, 2))
        point = int(choice.integers(-128, 128)) if dtype == "int8" else 0
        x = T("x", "int32", values.shape, float(np.float32(out * 2.0 ** -(1 + n * 4))))
        net.add("QUANTIZE", [x], [T("y", dtype, values.shape, float(np.float32(out)), point)])
    assert_identical(net.build(), tmp_path, inputs=[[values] * len(net.inputs)], sanitize=True)


def arithmetic(net: SideBySide, choice: Choice, kind: str, shapes: tuple[tuple[int, ...], ...], constant: int) -> None:
    """One operator, a constant at position ``constant`` if there is such; results spread over the range and beyond."""
    inputs = [T(n, "int16", s, choice.scale(2**-15, 2**-8)) for n, s in zip("ab", shapes, strict=True)]
    if constant < 2:
        x = inputs[constant]
        inputs[constant] = T(x.name, "int16", x.shape, x.scale, data=choice.integers(-32768, 32768, tuple(x.shape)))
    scales = [float(np.max(x.scale or 0)) for x in inputs]
    spread = scales[0] * scales[1] * 2**14 if kind == "MUL" else max(scales)
    out = T("y", "int16", np.broadcast_shapes(*shapes), choice.scale(spread / 2, spread * 4))
    net.add(kind, inputs, [out], a.Arithmetic(choice.activation()))


@pytest.mark.parametrize("kind", KINDS)
def test_arithmetic_of_every_pattern(kind: str, tmp_path: Path) -> None:
    choice, net = Choice(4), SideBySide()
    for shapes, constant in product(PATTERNS, (0, 1, 2)):
        arithmetic(net, choice, kind, shapes, constant)
    assert_identical(net.build(), tmp_path, steps=10, sanitize=True)


@pytest.mark.parametrize("kind", KINDS)
def test_arithmetic_at_the_edges(kind: str, tmp_path: Path) -> None:
    """All pairs of extreme values, and random ones; equal scales, powers of two, one input wider than the other."""
    choice, net = Choice(5), SideBySide()
    random = choice.integers(-32768, 32768, (2, 20000))
    pairs = np.concatenate([np.array(list(product(EDGES, EDGES))).T, random], axis=1).astype(np.int16)
    n = pairs.shape[1]
    for left, right in ((1, 1), (1, 0.5), (2**-5, 1), (1, 2**-15), (0.37, 1), (1, 0.9999), (1e-6, 1)):
        scales = [float(np.float32(2**-12 * s)) for s in (left, right)]
        for factor in (0.51, 1.0, 2.0, 2.71):
            spread = scales[0] * scales[1] * 2**14 if kind == "MUL" else max(scales)
            tensors = [T(name, "int16", (n,), s) for name, s in zip("ab", scales, strict=True)]
            out = T("y", "int16", (n,), float(np.float32(spread * factor)))
            activation = choice.activation() if spread > 1e-6 else "RELU"
            net.add(kind, tensors, [out], a.Arithmetic(activation))
    inputs = [pairs[k % 2] for k in range(len(net.inputs))]
    assert_identical(net.build(), tmp_path, inputs=[inputs], sanitize=True)


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_scales_that_are_powers_of_two(kind: str, tmp_path: Path) -> None:
    """With pot_scale_int16 and such scales the reference takes another way; where all are the same it makes no
    difference, and where one is not such a power it is not taken."""
    n = len(EDGES) ** 2
    pairs = np.array(list(product(EDGES, EDGES))).T.astype(np.int16)

    def model(*scales: float) -> bytes:
        tensors = [T(name, "int16", (n,), s) for name, s in zip("aby", scales, strict=True)]
        options = a.Arithmetic("RELU6", pot_scale_int16=True)
        return build(tensors, [Op(kind, ["a", "b"], ["y"], options)], ["a", "b"], ["y"])

    for same in (model(2**-12, 2**-12, 2**-12), model(2**-12, 2**-13, 0.0003)):
        assert_identical(same, tmp_path, inputs=[list(pairs)], sanitize=True)
    for scales in ((2**-12, 2**-13, 2**-12), (2**-12, 2**-12, 2**-12 * 1.0004)):
        refused(model(*scales), tmp_path, rf"operator 0 .{kind}.: With pot_scale_int16 set")


def softmax(net: SideBySide, shape: tuple[int, ...], scale: float, beta: float = 1.0) -> None:
    net.add("SOFTMAX", [T("x", "int16", shape, scale)], [T("y", "int16", shape, SHARE)], a.Softmax(beta))


def test_every_difference_of_two_inputs(tmp_path: Path) -> None:
    """Every entry of both tables: from differences of one step of the table each to those beyond its end."""
    net = SideBySide()
    scales = [10 / 65535, 2.0**-13, 2.0**-14, 2.0**-10, 1e-6, 0.001, 3.9]
    rows = np.stack([np.full(65536, 32767), EVERY[::-1]], axis=1).astype(np.int16)
    for scale in scales:
        softmax(net, (65536, 2), float(np.float32(scale)))
    assert_identical(net.build(), tmp_path, inputs=[[rows] * len(scales)], sanitize=True)


def test_softmax_of_every_rank_and_length(tmp_path: Path) -> None:
    choice, net = Choice(6), SideBySide()
    for shape in [(1,), (2,), (1, 10), (7, 3), (2, 3, 4), (1, 2, 2, 3), (3, 300), (2, 5000), (1, 65535)]:
        for beta in (1.0, 0.1, 2.5, 0.0):
            softmax(net, shape, choice.scale(2**-15, 2**-9), beta)
    assert_identical(net.build(), tmp_path, steps=8, sanitize=True)


def test_mean(tmp_path: Path) -> None:
    choice, net = Choice(7), SideBySide()
    shape = (2, 3, 5, 4)
    for axes, keep in product([[0], [1, 2], [3], [-1, 0], [0, 1, 2, 3], []], (False, True)):
        reduced = {d % 4 for d in axes}
        out = tuple(1 if d in reduced else n for d, n in enumerate(shape) if keep or d not in reduced)
        scale = choice.scale(2**-15, 2**-8)
        for factor in (1.0, choice.uniform(0.2, 1.5)):
            y = T("y", "int16", out, float(np.float32(scale * factor)))
            axis = T("axes", "int32", (len(axes),), data=axes)
            net.add("MEAN", [T("x", "int16", shape, scale), axis], [y], a.Reduce(keep))
    longest = T("axes", "int32", (1,), data=[0])
    net.add("MEAN", [T("x", "int16", (65535, 1), 0.5), longest], [T("y", "int16", (1,), 0.5)], a.Reduce())
    assert_identical(net.build(), tmp_path, steps=8, sanitize=True)


def test_what_changes_nothing_costs_nothing(tmp_path: Path) -> None:
    scales = {"a": 2**-10, "b": 2**-10, "c": 2**-10, "d": 2**-9, "e": SHARE}
    tensors = [T(name, "int16", (8,), scale) for name, scale in scales.items()]
    operators = [
        Op("QUANTIZE", ["a"], ["b"]),
        Op("RELU", ["b"], ["c"]),
        Op("LEAKY_RELU", ["c"], ["d"], a.LeakyRelu(0.5)),
        Op("TANH", ["d"], ["e"]),
    ]
    conversion = assert_identical(build(tensors, operators, ["a"], ["e"]), tmp_path, steps=30)
    relu, leaky, _ = conversion.program.layers
    assert conversion.program.arena_size == 16
    assert "clamp(input[i], 0, 32767)" in relu.body[1] and "clamp" not in leaky.body[1]


def pair(kind: str, x: T, y: T, z: T) -> bytes:
    return build([x, y, z], [Op(kind, ["x", "y"], ["z"], a.Arithmetic())], ["x", "y"], ["z"])


def distribution(x: T, y: T, beta: float = 1.0) -> bytes:
    return build([x, y], [Op("SOFTMAX", ["x"], ["y"], a.Softmax(beta))], ["x"], ["y"])


def tensor(name: str, scale: float, zero_point: int = 0, dtype: str = "int16", shape: tuple[int, ...] = (2,)) -> T:
    return T(name, dtype, shape, scale, zero_point)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (single("LOGISTIC", tensor("x", 0.1), tensor("y", 1 / 256)), "1/32768 with 16 bits"),
        (single("TANH", tensor("x", 0.1), tensor("y", 1 / 128)), "1/32768 with 16 bits"),
        (single("TANH", tensor("x", 5.34), tensor("y", SHARE)), "scale must be below 16/3"),
        (single("TANH", tensor("x", 0.1, 1), tensor("y", SHARE)), "zero point 0"),
        (single("RELU", tensor("x", 0.1, 1), tensor("y", 0.1)), "zero point 0"),
        (single("RELU", tensor("x", 1.0), tensor("y", 2.0**-17)), "ratio"),
        (single("RELU_N1_TO_1", tensor("x", 0.1), tensor("y", 0.1)), "Types must be one of"),
        (single("QUANTIZE", tensor("x", 0.1, 1, "int32"), tensor("y", 0.2)), "zero point 0"),
        (single("QUANTIZE", T("x", "int32", (2,)), tensor("y", 0.2)), "must have a scale"),
        (single("QUANTIZE", tensor("x", 0.1, dtype="int32"), tensor("y", 0.1)), "ratio"),
        (single("QUANTIZE", tensor("x", 0.1, dtype="int8"), tensor("y", 0.1)), "Types must be one of"),
        (single("QUANTIZE", tensor("x", 0.1, 1), tensor("y", 0.1)), "both zero points must be 0"),
        (distribution(tensor("x", 0.1), tensor("y", 1 / 256)), "output's scale must be"),
        (distribution(tensor("x", 0.1, shape=(1,) * 5), tensor("y", SHARE, shape=(1,) * 5)), "four dimensions"),
        (distribution(tensor("x", 5.1), tensor("y", SHARE)), "and below 5"),
        (distribution(tensor("x", 0.1), tensor("y", SHARE), -1.0), "not negative"),
        (pair("MUL", tensor("x", 0.5), tensor("y", 0.5), tensor("z", 2.0**-3)), "overflow"),
        (pair("ADD", tensor("x", 0.5), tensor("y", 0.5), tensor("z", 0.5, 3)), "zero point 0"),
        (pair("ADD", tensor("x", 0.5), tensor("y", 0.5), tensor("z", 2.0**-17)), "too small"),
    ],
)
def test_refusals(model: bytes, reason: str, tmp_path: Path) -> None:
    refused(model, tmp_path, reason)


def test_a_mean_that_may_overflow_is_refused(tmp_path: Path) -> None:
    tensors = [T("x", "int16", (65536, 1), 0.5), T("axes", "int32", (1,), data=[0]), T("y", "int16", (1,), 0.5)]
    model = build(tensors, [Op("MEAN", ["x", "axes"], ["y"], a.Reduce())], ["x"], ["y"])
    refused(model, tmp_path, "the mean of 65536 elements overflows")
