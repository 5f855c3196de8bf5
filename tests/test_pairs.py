"""The cheap forms of ADD, SUB and MUL: against the reference on every pair, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import SideBySide, T
from tests.random_parameters import Choice
from tflite2int import attributes as a
from tflite2int.bounds import INT32
from tflite2int.fixedpoint import Int64Array
from tflite2int.pairs import VALUES, PairSum, find_pair_sum

EVERY = np.arange(-128, 128, dtype=np.int8)


def add_pairs(net: SideBySide, kind: str, scales: tuple[float, float, float], choice: Choice) -> None:
    """An operator on all pairs."""
    shapes = ((256, 1), (1, 256), (256, 256))
    tensors = [T(n, "int8", s, v, choice.zero_point()) for n, s, v in zip("aby", shapes, scales, strict=True)]
    net.add(kind, tensors[:2], tensors[2:], a.Arithmetic(choice.activation()))


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("seed", range(2))
def test_every_pair_at_many_scales(kind: str, seed: int, tmp_path: Path) -> None:
    choice, net, count = Choice(seed), SideBySide(), 12
    for _ in range(count):
        first, second = choice.scale(0.01, 0.2), choice.scale(0.01, 0.2)
        whole = 40 * first * second if kind == "MUL" else max(first, second)
        add_pairs(net, kind, (first, second, choice.scale(whole / 2, whole * 4)), choice)
    inputs = [EVERY.reshape(256, 1), EVERY.reshape(1, 256)] * count
    program = assert_identical(net.build(), tmp_path, inputs=[inputs], sanitize=True).program
    kernels = [kernel for layer in program.layers for kernel in layer.kernels]
    cheap = kernels.count("scaled_mul.c" if kind == "MUL" else "weighted_sum.c")
    assert len(kernels) == count and cheap >= count - 2


@pytest.mark.parametrize(("kind", "kernel"), [("ADD", "add.c"), ("SUB", "add.c"), ("MUL", "mul.c")])
def test_where_nothing_cheaper_is_found_the_reference_is_followed(kind: str, kernel: str, tmp_path: Path) -> None:
    """Outputs so fine that all but a few pairs saturate: no factor of 16 bits and more fits."""
    choice, net = Choice(3), SideBySide()
    add_pairs(net, kind, (0.5, 0.25, 2e-5), choice)
    inputs = [EVERY.reshape(256, 1), EVERY.reshape(1, 256)]
    program = assert_identical(net.build(), tmp_path, inputs=[inputs]).program
    assert program.layers[0].kernels == (kernel,)


def test_flag_for_cores_without_a_long_multiply(tmp_path: Path) -> None:
    choice, net = Choice(4), SideBySide()
    add_pairs(net, "MUL", (0.03, 0.05, 0.06), choice)
    inputs = [EVERY.reshape(256, 1), EVERY.reshape(1, 256)]
    assert_identical(net.build(), tmp_path, inputs=[inputs], flags=["-DNO_LONG_MULTIPLY"], sanitize=True)


def rounded(real: tuple[float, float], zero_point: int) -> Int64Array:
    exact = VALUES[:, None] * real[0] + VALUES[None, :] * real[1]
    nearest = np.sign(exact) * np.floor(np.abs(exact) + 0.5)
    return np.asarray(np.clip(nearest + zero_point, -128, 127), np.int64)


def test_ties_go_away_from_zero_on_both_sides() -> None:
    for zero_point in (-128, -3, 0, 127):
        outputs = rounded((0.5, 0.25), zero_point)
        form = find_pair_sum(outputs, (0.5, 0.25), zero_point, (-128, 127))
        assert form is not None and form.fits
        assert np.array_equal(np.clip(form.apply(VALUES[:, None], VALUES[None, :]), -128, 127), outputs)
        assert bool(form.below) == (zero_point in (-3, 0))


def test_a_form_is_returned_only_if_all_pairs_agree() -> None:
    real = 0.137**0.5, 0.26**0.5  # irrational: no ties
    outputs = rounded(real, 5)
    assert find_pair_sum(outputs, real, 5, (-128, 127)) is not None
    for place in ((0, 0), (100, 28), (200, 100), (255, 255)):
        for change in (-2, 2):
            other = outputs.copy()
            other[place] += change
            if -128 <= other[place] <= 127:
                assert find_pair_sum(other, real, 5, (-128, 127)) is None


def test_what_32_bits_do_not_hold_does_not_fit() -> None:
    form = PairSum((2**22, -(2**22)), 2**29, 0, INT32[0], 20)
    assert form.fits
    assert not replace(form, factors=(2**23, -(2**23))).fits
    assert not replace(form, offset=2**30).fits
    assert not replace(form, below=-1).fits
