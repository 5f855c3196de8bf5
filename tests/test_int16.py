"""16-bit activations: dense layers, convolutions and pools against the reference, and the arithmetic that they need."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import golden
from tests.compare import assert_identical, run_c
from tests.model_builder import Op, T, build
from tests.needs import need_tool
from tests.test_weighted_and_pools import Net, random_conv, random_fully_connected, random_pool
from tflite2int import attributes as a
from tflite2int import fixedpoint
from tflite2int.compiler import convert
from tflite2int.errors import UnsupportedModelError
from tflite2int.verify.bias_types import with_bias_types
from tflite2int.verify.check import verify
from tflite2int.verify.harness import WARNINGS
from tflite2int.verify.reference import run_reference
from tflite2int.verify.samples import default_inputs

KERNELS = Path(fixedpoint.__file__).parent / "kernels"
LIMITS = (-32768, 32767)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("depthwise", [False, True], ids=["conv", "depthwise"])
def test_convolutions(seed: int, depthwise: bool, tmp_path: Path) -> None:
    net = Net(100 * seed + depthwise, "int16")
    for _ in range(16):
        random_conv(net, depthwise)
    assert_identical(net.build(), tmp_path, steps=8, sanitize=True)


@pytest.mark.parametrize("seed", range(2))
def test_pools(seed: int, tmp_path: Path) -> None:
    net = Net(seed, "int16")
    for _ in range(16):
        random_pool(net)
    assert_identical(net.build(), tmp_path, steps=8, sanitize=True)


def test_fully_connected(tmp_path: Path) -> None:
    net = Net(3, "int16")
    for inputs, outputs in (
        (1, 1),
        (1, 300),
        (300, 1),
        (2, 255),
        (7, 6),
        (8, 5),
        (16, 17),
        (31, 2),
        (128, 10),
        (150, 3),
    ):
        random_fully_connected(net, inputs, outputs)
    assert_identical(net.build(), tmp_path, steps=40, sanitize=True)


def dense(
    weights: Any,
    bias: Any = None,
    scales: tuple[float, float | list[float], float] = (2**-10, 2**-8, 2**-10),
    bias_type: str = "int64",
    named: str = "",
    zero_point: int = 0,
) -> bytes:
    """A FULLY_CONNECTED of 16-bit activations; ``scales`` are those of input, weights and output."""
    outputs, inputs = np.shape(weights)
    tensors = [
        T("x", "int16", (1, inputs), scales[0], zero_point),
        T("w", "int8", (outputs, inputs), scales[1], data=weights),
        T("y", "int16", (1, outputs), scales[2]),
    ]
    if bias is not None:
        tensors.append(T("b", bias_type, (outputs,), [scales[0] * s for s in np.atleast_1d(scales[1])], data=bias))
    operands, options = ["x", "w", "b" if bias is not None else None], a.FullyConnected(quantized_bias_type=named)
    return build(tensors, [Op("FULLY_CONNECTED", operands, ["y"], options)], ["x"], ["y"])


@pytest.mark.parametrize("bias_type", ["int64", "int32"])
@pytest.mark.parametrize("exponent", [-31, -24, -16, -9, -3, -2, -1, 0, 1, 3])
def test_ties_and_saturation(bias_type: str, exponent: int, tmp_path: Path) -> None:
    """Multipliers that are powers of two, and 0.75 of one: halves, both signs, and results beyond both ends."""
    weights = np.concatenate([np.eye(8, 4), [[127, 127, 127, 127], [-128, -128, -128, -128], [1, -1, 1, 0]]]).astype(
        int
    )
    factors = [2.0**exponent] * 6 + [0.75 * 2.0**exponent] * 5
    bias = [0, 1, -1, 0, 3, -(2**20), 2**20, 5, 2**14, -(2**14), 0]
    model = dense(weights, bias, (2**-8, [float(f) for f in factors], 2**-8), bias_type, bias_type)
    rng = np.random.default_rng(1)
    points = [*(s * (2**k + d) for s in (1, -1) for k in range(15) for d in (-1, 0, 1)), *LIMITS]
    steps = [[np.array([[p, -p if p > -32768 else 0, 1, p]], np.int16)] for p in points]
    steps += [[rng.integers(*LIMITS, (1, 4), dtype=np.int16)] for _ in range(50)]
    assert_identical(model, tmp_path, inputs=steps, sanitize=True)


def test_sums_beyond_32_bits(tmp_path: Path) -> None:
    """Where bounds do not prove 32 bits, and only there, sums have 64; results of both kinds stand side by side."""
    rng = np.random.default_rng(2)
    weights = rng.integers(90, 128, (3, 700)) * rng.choice([-1, 1], (3, 700))
    weights[0] = 127
    model = dense(weights, [2**40, -(2**33), 7], (2**-15, 2**-7, 2**-4))
    signs = np.sign(weights)
    steps = [[np.clip(s * 32768, *LIMITS).astype(np.int16)[None]] for s in (*signs, *-signs)]
    steps += [[rng.integers(*LIMITS, (1, 700), dtype=np.int16)] for _ in range(10)]
    conversion = assert_identical(model, tmp_path, inputs=steps, sanitize=True)
    assert "int64_t sum" in conversion.source
    narrow = assert_identical(dense(weights[:, :500], [2**20, 5, 7], (2**-15, 2**-7, 2**-4)), tmp_path, sanitize=True)
    assert "int64_t" not in narrow.source


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_convolution_sums_beyond_32_bits(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    depthwise = kind == "DEPTHWISE_CONV_2D"
    channels = 2 if depthwise else 30
    shape = (1, 24, 23, channels) if depthwise else (3, 5, 5, channels)
    outputs = 2 if depthwise else 3
    weights = rng.integers(110, 128, shape)
    options = a.DepthwiseConv2D(depth_multiplier=1) if depthwise else a.Conv2D()
    tensors = [
        T("x", "int16", (1, 9, 9, channels), 2**-15),
        T("w", "int8", shape, 2**-7, axis=3 if depthwise else 0, data=weights),
        T("b", "int64", (outputs,), 2**-22, data=rng.integers(-(2**34), 2**34, outputs)),
        T("y", "int16", (1, 9, 9, outputs), 2**-6),
    ]
    model = build(tensors, [Op(kind, ["x", "w", "b"], ["y"], options)], ["x"], ["y"])
    conversion = assert_identical(model, tmp_path, steps=8, sanitize=True)
    assert "int64_t sum" in conversion.source


def test_both_widths_in_one_model(tmp_path: Path) -> None:
    """Each kernel once for each sample type, with names of their own."""
    net = Net(5)
    random_conv(net, False)
    random_fully_connected(net, 9, 9)
    net.dtype = "int16"
    random_conv(net, False)
    random_conv(net, True)
    random_fully_connected(net, 9, 9)
    source = assert_identical(net.build(), tmp_path, steps=6).source
    for name in ("dot_pair", "dot_pair_int16", "window_rows", "window_rows_int16"):
        assert len(re.findall(rf"^static [\w ]+ {name}\(", source, re.MULTILINE)) == 1


@pytest.mark.parametrize("flag", ["-DNO_LONG_MULTIPLY", "-O0", "-O3"])
def test_every_kind_of_layer_in_one_model(flag: str, tmp_path: Path) -> None:
    assert_identical(golden.sixteen(), tmp_path, steps=30, sanitize=True, flags=[flag])


def convolution(named: str) -> bytes:
    rng = np.random.default_rng(5)
    tensors = [
        T("x", "int16", (1, 3, 3, 2), 2**-10),
        T("w", "int8", (3, 2, 2, 2), 2**-8, data=rng.integers(-127, 128, (3, 2, 2, 2))),
        T("b", "int32", (3,), 2**-18, data=rng.integers(-(10**6), 10**6, 3)),
        T("y", "int16", (1, 3, 3, 3), 2**-10),
    ]
    options = a.Conv2D("SAME", activation="RELU6", quantized_bias_type=named)
    return build(tensors, [Op("CONV_2D", ["x", "w", "b"], ["y"], options)], ["x"], ["y"])


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_a_32_bit_bias_is_read_as_such(kind: str, tmp_path: Path) -> None:
    """Without quantized_bias_type the reference reads it as 64-bit numbers; with it, it computes what is meant."""
    rng = np.random.default_rng(4)
    weights, bias = rng.integers(-127, 128, (5, 8)), rng.integers(-(10**6), 10**6, 5)
    unset, named = (
        dense(weights, bias, bias_type="int32", named=name) if kind == "dense" else convolution(name)
        for name in ("", "int32")
    )
    path = tmp_path / "unset.tflite"
    path.write_bytes(unset)
    conversion = convert(path)
    steps = default_inputs(conversion.program, 30)
    ours, misread = run_c(conversion, tmp_path, steps), run_reference(unset, steps)
    for model in (named, with_bias_types(unset)):
        expected = run_reference(model, steps)
        assert all(np.array_equal(o[0], r[0]) for o, r in zip(ours, expected, strict=True))
    assert any(not np.array_equal(o[0], r[0]) for o, r in zip(ours, misread, strict=True))
    assert any("quantized_bias_type" in change for change in conversion.program.graph.changes)
    assert verify(path).passed
    path.write_bytes(named)
    assert not convert(path).program.graph.changes
    assert with_bias_types(named) == named


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (dense([[1]], [2**31 - 2**16], bias_type="int32", named="int32", scales=(1, 1, 2)), None),
        (dense([[2]], [2**31 - 2**16], bias_type="int32", named="int32", scales=(1, 1, 2)), "may overflow"),
        (dense([[1]], [2**46], scales=(1, 2**-20, 1)), None),
        (dense([[1]], [2**47], scales=(1, 2**-20, 1)), "may overflow"),
        (dense([[1]], [-(2**63)], scales=(1, 2**-31, 1)), "may overflow"),
        (dense([[1]], [2**40], scales=(1, 1, 1)), "may overflow"),
        (dense([[1]], scales=(1, 127, 1)), None),
        (dense([[1]], scales=(1, 128, 1)), "may overflow"),
        (dense([[1]], [1], named="int32"), "a quantized_bias_type must be the type of the bias"),
        (dense([[1]], [1], bias_type="int32", named="int64"), "a quantized_bias_type must be the type of the bias"),
        (dense([[1]], zero_point=1), "16-bit inputs and outputs must have the zero point 0"),
    ],
)
def test_refusals(model: bytes, reason: str | None, tmp_path: Path) -> None:
    """What is refused, and next to it what is just not."""
    path = tmp_path / "m.tflite"
    path.write_bytes(model)
    if reason is None:
        assert_identical(model, tmp_path, steps=12, sanitize=True)
        return
    with pytest.raises(UnsupportedModelError, match=reason):
        convert(path)


def test_rescale_in_32_bits_is_the_rescale_in_64(tmp_path: Path) -> None:
    """rescale_reduced.h against 64-bit arithmetic, at all shifts, at both ends of multiplier and accumulator."""
    need_tool("cc", "gcc")
    (tmp_path / "test.c").write_text(RESCALE_TEST)
    flags = ["-std=c99", "-O1", *WARNINGS, "-fsanitize=undefined", "-fno-sanitize-recover=all", f"-I{KERNELS}"]
    subprocess.run(["cc", *flags, "test.c", "-o", "test"], cwd=tmp_path, check=True)
    done = subprocess.run([str(tmp_path / "test")], capture_output=True, text=True, check=True, timeout=300)
    compared, different = map(int, done.stdout.split())
    assert compared > 10_000_000 and different == 0


RESCALE_TEST = """
#include "rescale_reduced.h"
#include <stdio.h>

static uint32_t state = 1;

static int32_t any(void)
{
    state = state * 1664525u + 1013904223u;
    return (int32_t)(state ^ (state >> 15));
}

int main(void)
{
    long compared = 0, different = 0;
    for (int shift = -8; shift <= 30; shift++) {
        const int32_t largest = shift < 1 ? INT32_MAX >> (1 - shift) : INT32_MAX;
        for (int i = 0; i < 300000; i++) {
            const int16_t multiplier = (int16_t)(i % 3 == 0 ? 16384 : i % 3 == 1 ? 32767 : (any() & 16383) + 16384);
            int32_t x = any() >> (any() & 31);
            /* A tie: x * multiplier is an odd multiple of half of what is divided by. */
            if (multiplier == 16384 && shift >= 0 && shift < 30 && i % 2 == 0) {
                x = (int32_t)(((uint32_t)x << (shift + 2)) | ((uint32_t)1 << (shift + 1)));
            }
            x = i < 8 ? largest - i / 2 : i < 16 ? -largest + (i - 8) / 2 : x;
            x = x > largest ? largest : x < -largest ? -largest : x;
            const int64_t product = (int64_t)x * multiplier + ((int64_t)1 << (15 + shift));
            different += rescale_reduced(x, multiplier, shift) != (int32_t)(product >> (16 + shift));
            compared++;
        }
    }
    printf("%ld %ld\\n", compared, different);
    return 0;
}
"""
