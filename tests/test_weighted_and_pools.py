"""CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and the pools against the reference, at the edges of their parameters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tflite2int import attributes as a
from tflite2int.compiler import convert
from tflite2int.errors import UnsupportedModelError

ACTIVATIONS: tuple[a.Activation, ...] = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
ZERO_POINTS = (-128, 127, 0, -1, 5)
PER_MODEL = 16  # operators side by side in one model: one process start for all


class Net:
    """Operators side by side, each with inputs and outputs of its own, and the random choices for them.

    With int16 activations biases have 64 bits, or 32 now and then where the operator's options can say so.
    """

    def __init__(self, seed: int, dtype: str = "int8") -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.tensors: list[T] = []
        self.operators: list[Op] = []
        self.inputs: list[str] = []
        self.outputs: list[str] = []

    def scale(self) -> float:
        """A scale; half of them powers of two, which make ties."""
        if self.rng.random() < 0.5:
            return float(2.0 ** int(self.rng.integers(-7, 0)))
        return float(np.float32(self.rng.uniform(0.003, 0.4)))

    def pick(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def add(self, kind: str, x: tuple[int, ...], out: tuple[int, ...], options: a.Attributes, *constants: T) -> None:
        n = len(self.operators)
        zero_points = ZERO_POINTS if self.dtype == "int8" else (0,)
        sx, zx = self.scale(), self.pick(*zero_points)
        pool = "POOL" in kind
        sy, zy = (sx, zx) if pool else (self.scale(), self.pick(*zero_points))
        named = [T(f"{c.name}{n}", c.dtype, c.shape, c.scale, c.zero_point, c.axis, c.data) for c in constants]
        if len(named) == 2:
            bias = named[1]
            weight_scale = np.asarray(named[0].scale, np.float32)
            scales = np.atleast_1d(np.float32(sx) * weight_scale).tolist()
            bias_type = "int32"
            if self.dtype == "int16":
                bias_type = self.pick("int64", "int32") if kind != "DEPTHWISE_CONV_2D" else "int64"
                if kind != "DEPTHWISE_CONV_2D":
                    options = replace(options, quantized_bias_type=bias_type)  # type: ignore[call-arg]
            named[1] = T(bias.name, bias_type, bias.shape, scales, data=bias.data)
        self.tensors += [T(f"x{n}", self.dtype, x, sx, zx), T(f"y{n}", self.dtype, out, sy, zy), *named]
        self.operators.append(Op(kind, [f"x{n}", *(c.name for c in named)], [f"y{n}"], options))
        self.inputs.append(f"x{n}")
        self.outputs.append(f"y{n}")

    def weights(self, shape: tuple[int, ...], channels: int, axis: int) -> T:
        """Random weights, some at the ends of the range, with one scale or one for each output channel."""
        values = self.rng.integers(-127, 128, shape)
        values[self.rng.random(shape) < 0.05] = -128
        scale = [self.scale() / 16 for _ in range(channels)] if self.rng.random() < 0.6 else self.scale() / 16
        return T("w", "int8", shape, scale, axis=axis, data=values)

    def bias(self, channels: int) -> T:
        reach = self.pick(100, 20_000, 2_000_000) * (256 if self.dtype == "int16" else 1)
        return T("b", "int32", (channels,), 1.0, data=self.rng.integers(-reach, reach, channels))

    def build(self) -> bytes:
        return build(self.tensors, self.operators, self.inputs, self.outputs)


def sizes(net: Net, kernel: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Input and output size of one dimension: from smaller than the window (SAME) to a few windows."""
    span = (kernel - 1) * dilation + 1
    size = int(net.rng.integers(1 if padding == "SAME" else span, span + 2 * stride + 3))
    return size, -(-size // stride) if padding == "SAME" else (size - span) // stride + 1


def random_conv(net: Net, depthwise: bool) -> None:
    kernel_h, kernel_w = int(net.rng.integers(1, 6)), int(net.rng.integers(1, 6))
    stride_h, stride_w = (net.pick(1, 1, 2, 3), net.pick(1, 1, 2, 3))
    dilation_h, dilation_w = (net.pick(1, 1, 2, 3), net.pick(1, 1, 2, 3))
    if depthwise and (dilation_h, dilation_w) != (1, 1):
        stride_h = stride_w = 1
    padding = net.pick("SAME", "VALID")
    height, out_h = sizes(net, kernel_h, stride_h, dilation_h, padding)
    width, out_w = sizes(net, kernel_w, stride_w, dilation_w, padding)
    batch, channels = net.pick(1, 1, 2), net.pick(1, 2, 3, 4, 7, 16)
    common = (padding, stride_h, stride_w, dilation_h, dilation_w, net.pick(*ACTIVATIONS))
    if depthwise:
        multiplier = net.pick(1, 1, 2, 3, 8)
        outputs = channels * multiplier
        weights = net.weights((1, kernel_h, kernel_w, outputs), outputs, 3)
        options: a.Conv2D = a.DepthwiseConv2D(*common, depth_multiplier=multiplier)
    else:
        groups = net.pick(1, 1, 1, 2, 3)
        outputs = groups * net.pick(1, 2, 3, 5)
        weights = net.weights((outputs, kernel_h, kernel_w, channels), outputs, 0)
        channels *= groups
        options = a.Conv2D(*common)
    constants = [weights, net.bias(outputs)]
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    net.add(kind, (batch, height, width, channels), (batch, out_h, out_w, outputs), options, *constants)


def random_pool(net: Net) -> None:
    kernel_h, kernel_w, stride_h, stride_w = (int(net.rng.integers(1, 5)) for _ in range(4))
    padding = net.pick("SAME", "VALID")
    height, out_h = sizes(net, kernel_h, stride_h, 1, padding)
    width, out_w = sizes(net, kernel_w, stride_w, 1, padding)
    batch, channels = net.pick(1, 2), net.pick(1, 3, 8)
    options = a.Pool2D(padding, stride_h, stride_w, kernel_h, kernel_w, net.pick(*ACTIVATIONS))
    kind = net.pick("MAX_POOL_2D", "AVERAGE_POOL_2D")
    net.add(kind, (batch, height, width, channels), (batch, out_h, out_w, channels), options)


def random_fully_connected(net: Net, inputs: int, outputs: int) -> None:
    batch = net.pick(1, 1, 3)
    constants = [net.weights((outputs, inputs), outputs, 0)]
    if net.rng.random() < 0.7:
        constants.append(net.bias(outputs))
    net.add("FULLY_CONNECTED", (batch, inputs), (batch, outputs), a.FullyConnected(net.pick(*ACTIVATIONS)), *constants)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("depthwise", [False, True], ids=["conv", "depthwise"])
def test_convolutions(seed: int, depthwise: bool, tmp_path: Path) -> None:
    net = Net(100 * seed + depthwise)
    for _ in range(PER_MODEL):
        random_conv(net, depthwise)
    assert_identical(net.build(), tmp_path, steps=8, sanitize=True)


@pytest.mark.parametrize("seed", range(3))
def test_pools(seed: int, tmp_path: Path) -> None:
    net = Net(seed)
    for _ in range(PER_MODEL):
        random_pool(net)
    assert_identical(net.build(), tmp_path, steps=8, sanitize=True)


def test_fully_connected_of_1_to_300_channels(tmp_path: Path) -> None:
    net = Net(7)
    for inputs, outputs in ((1, 1), (1, 300), (300, 1), (2, 3), (3, 2), (17, 5), (64, 64), (150, 10), (299, 7)):
        random_fully_connected(net, inputs, outputs)
        random_fully_connected(net, inputs, outputs)
    assert_identical(net.build(), tmp_path, steps=8, sanitize=True)


@pytest.mark.parametrize("flag", ["-DNO_LONG_MULTIPLY", "-O0", "-O3"])
def test_both_multiplications_and_every_optimisation_agree(flag: str, tmp_path: Path) -> None:
    net = Net(8)
    for _ in range(PER_MODEL // 2):
        random_fully_connected(net, 9, 9)
        random_conv(net, True)
    assert_identical(net.build(), tmp_path, steps=8, flags=[flag])


def test_a_multiplier_above_one_shifts_to_the_left(tmp_path: Path) -> None:
    tensors = [
        T("x", "int8", (1, 4), 0.5, 3),
        T("w", "int8", (2, 4), [1.5, 3.1], axis=0, data=[[1, -2, 3, 1], [0, 1, 0, -1]]),
        T("y", "int8", (1, 2), 0.25, -7),
    ]
    model = build(tensors, [Op("FULLY_CONNECTED", ["x", "w"], ["y"], a.FullyConnected())], ["x"], ["y"])
    program = assert_identical(model, tmp_path, steps=40).program
    assert max(program.layers[0].rescales[0].shift) > 0


def test_an_accumulator_that_may_overflow_is_refused(tmp_path: Path) -> None:
    tensors = [
        T("x", "int8", (1, 2), 0.5, 3),
        T("w", "int8", (1, 2), 0.5, data=[[100, 100]]),
        T("b", "int32", (1,), 0.25, data=[2**31 - 1000]),
        T("y", "int8", (1, 1), 0.25, -7),
    ]
    model = build(tensors, [Op("FULLY_CONNECTED", ["x", "w", "b"], ["y"], a.FullyConnected())], ["x"], ["y"])
    path = tmp_path / "m.tflite"
    path.write_bytes(model)
    with pytest.raises(UnsupportedModelError, match=r"operator 0 .FULLY_CONNECTED.: The accumulator must provably fit"):
        convert(path)
