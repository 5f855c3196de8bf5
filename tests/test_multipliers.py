"""How real multipliers are formed decides bits: scales at which float32 and double give different results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.compare import assert_identical
from tests.model_builder import SideBySide, T
from tests.random_parameters import Choice
from tflite2int import attributes as a
from tflite2int.fixedpoint import f32, multiply_by_quantized_multiplier, quantize_multiplier
from tflite2int.graph import Array

Int64Array = npt.NDArray[np.int64]
Scales = tuple[float, ...]
WANTED = 6  # cases for each operator
VALUES = np.arange(-128, 128, dtype=np.int64)
PRODUCTS = np.unique(np.multiply.outer(VALUES, VALUES))


def requantized(values: Int64Array, real: float) -> Int64Array:
    return np.clip(multiply_by_quantized_multiplier(values, *quantize_multiplier(real)), -128, 127)


def telling(seed: int, values: Int64Array, single: Callable[..., float], double: Callable[..., float]) -> list[Scales]:
    """Scales (two inputs, output) at which the two ways to form the multiplier give different results."""
    choice, found = Choice(seed), list[Scales]()
    for _ in range(100_000):
        first, second = (float(np.float32(choice.uniform(0.01, 1.0))) for _ in range(2))
        out = float(np.float32(double(first, second, 1.0) * np.abs(values).max() / choice.uniform(100, 130)))
        scales = (first, second, out)
        if not np.array_equal(requantized(values, single(*scales)), requantized(values, double(*scales))):
            found.append(scales)
        if len(found) == WANTED:
            return found
    raise AssertionError("no such scales")


def ratio_32(x: float, _: float, out: float) -> float:
    return f32(x / out)


def ratio(x: float, _: float, out: float) -> float:
    return x / out


@pytest.mark.parametrize("kind", ["RELU", "QUANTIZE", "LEAKY_RELU"])
def test_one_input(kind: str, tmp_path: Path) -> None:
    net = SideBySide()
    for x, _, out in telling(1, VALUES, ratio_32, ratio):
        options = a.LeakyRelu(1.0) if kind == "LEAKY_RELU" else None
        net.add(kind, [T("x", "int8", (256,), x)], [T("y", "int8", (256,), out)], options)
    assert_identical(net.build(), tmp_path, inputs=[[VALUES.astype(np.int8)] * WANTED])


def test_the_slope_of_leaky_relu(tmp_path: Path) -> None:
    def single(x: float, alpha: float, out: float) -> float:
        return f32(f32(x * alpha) / out)

    def double(x: float, alpha: float, out: float) -> float:
        return x * alpha / out

    net = SideBySide()
    for x, alpha, out in telling(2, VALUES[:128], single, double):
        net.add("LEAKY_RELU", [T("x", "int8", (256,), x)], [T("y", "int8", (256,), out)], a.LeakyRelu(alpha))
    assert_identical(net.build(), tmp_path, inputs=[[VALUES.astype(np.int8)] * WANTED])


def test_mul(tmp_path: Path) -> None:
    def single(x: float, y: float, out: float) -> float:
        return f32(f32(x * y) / out)

    def double(x: float, y: float, out: float) -> float:
        return x * y / out

    net = SideBySide()
    for x, y, out in telling(3, PRODUCTS, single, double):
        tensors = [T("a", "int8", (256, 1), x), T("b", "int8", (1, 256), y)]
        net.add("MUL", tensors, [T("y", "int8", (256, 256), out)], a.Arithmetic())
    every = VALUES.astype(np.int8)
    inputs: list[Array] = [every.reshape(256, 1), every.reshape(1, 256)] * WANTED
    assert_identical(net.build(), tmp_path, inputs=[inputs])


def test_mean(tmp_path: Path) -> None:
    """Means of 33 elements: sums of all sizes, in rows."""
    count = 33
    sums = np.arange(-128 * count, 127 * count + 1, dtype=np.int64)

    def folded(real: float) -> float:
        multiplier, shift = quantize_multiplier(real)
        return float((multiplier << 5) // count) * 2.0 ** (shift - 5 - 31)

    def single(x: float, y: float, out: float) -> float:
        return folded(f32(x / out))

    def double(x: float, y: float, out: float) -> float:
        return folded(x / out)

    rows = np.array([[(s + i) // count for i in range(count)] for s in sums.tolist()], np.int8)
    assert np.array_equal(rows.sum(axis=1, dtype=np.int64), sums)
    net = SideBySide()
    for x, _, out in telling(4, sums, single, double):
        tensors = [T("x", "int8", rows.shape, x), T("axes", "int32", (1,), data=[1])]
        net.add("MEAN", tensors, [T("y", "int8", (len(rows),), out)], a.Reduce())
    assert_identical(net.build(), tmp_path, inputs=[[rows] * WANTED])


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_sums(kind: str, tmp_path: Path) -> None:
    """The three multipliers of ADD and SUB, each of them formed in double."""
    sign = -1 if kind == "SUB" else 1

    def total(reals: tuple[float, float, float]) -> Int64Array:
        terms = [multiply_by_quantized_multiplier(VALUES << 20, *quantize_multiplier(r)) for r in reals[:2]]
        return requantized(np.add.outer(terms[0], sign * terms[1]), reals[2])

    choice, net = Choice(5), SideBySide()
    for rounded in (0, 1, 2):
        for _ in range(1000):
            x, y = sorted((float(np.float32(choice.uniform(0.01, 1.0))) for _ in range(2)), reverse=rounded > 0)
            out, twice = float(np.float32((x + y) * choice.uniform(0.9, 1.1))), 2 * max(x, y)
            reals = (x / twice, y / twice, twice / (2**20 * out))
            other = tuple(f32(r) if i == rounded else r for i, r in enumerate(reals))
            if not np.array_equal(total(reals), total((other[0], other[1], other[2]))):
                break
        else:
            raise AssertionError("no such scales")
        tensors = [T("a", "int8", (256, 1), x), T("b", "int8", (1, 256), y)]
        net.add(kind, tensors, [T("y", "int8", (256, 256), out)], a.Arithmetic())
    every = VALUES.astype(np.int8)
    inputs: list[Array] = [every.reshape(256, 1), every.reshape(1, 256)] * 3
    assert_identical(net.build(), tmp_path, inputs=[inputs])
