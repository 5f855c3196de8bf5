"""The linear form of requantizations: exhaustively against an oracle of plain Python integers, and in C."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tflite2int
from tests.compare import assert_identical
from tests.model_builder import SideBySide, T
from tests.needs import need_tool
from tests.random_parameters import Choice
from tflite2int import attributes as a
from tflite2int.audit import audit
from tflite2int.fixedpoint import quantize_multiplier
from tflite2int.program import Linear, Rescale
from tflite2int.requantization import Target, evaluate, find_linear, proved, target

Int64Array = npt.NDArray[np.int64]
KERNELS = Path(tflite2int.__file__).with_name("kernels")
ENDS = (-128, 127, 0, -1, 1)


def oracle(accumulator: int, multiplier: int, shift: int, zero_point: int, clamp: tuple[int, int]) -> int:
    """MultiplyByQuantizedMultiplier of kernels/internal/common.h, as gemmlowp's two functions are written there."""
    product = (accumulator << max(shift, 0)) * multiplier
    nudged = product + (2**30 if product >= 0 else 1 - 2**30)
    high = nudged // 2**31 if nudged >= 0 else -(-nudged // 2**31)
    exponent = max(-shift, 0)
    mask = (1 << exponent) - 1
    rounded = (high >> exponent) + ((high & mask) > (mask >> 1) + (high < 0))
    return min(max(rounded + zero_point, clamp[0]), clamp[1])


def wanted(
    pairs: list[tuple[int, int]],
    bias: list[int],
    intervals: list[tuple[int, int]],
    zero_point: int,
    clamp: tuple[int, int] = (-128, 127),
) -> Target:
    reals = tuple(m * 2.0 ** (s - 31) for m, s in pairs)
    rescale = Rescale("output", reals, tuple(m for m, _ in pairs), tuple(s for _, s in pairs), tuple(intervals))
    return target(rescale, np.array(bias, np.int64), zero_point, clamp)


def expected(goal: Target, channel: int) -> Int64Array:
    """The outputs of every accumulator of a channel."""
    multiplier, shift = goal.rescale.multiplier[channel], goal.rescale.shift[channel]
    low, high = goal.rescale.accumulator[channel]
    values = [oracle(x, multiplier, shift, goal.zero_point, goal.clamp) for x in range(low, high + 1)]
    return np.array(values, np.int64)


def computed(goal: Target, form: Linear, channel: int) -> Int64Array:
    low, high = goal.rescale.accumulator[channel]
    pick = (channel if len(form.multiplier) > 1 else 0, channel if len(form.below) > 1 else 0)
    alone = replace(
        form,
        multiplier=(form.multiplier[pick[0]],),
        offset=(form.offset[channel],),
        below=(form.below[pick[1]],) if form.below else (),
    )
    sums = np.arange(low, high + 1)[None, :] - goal.bias[channel]
    return np.asarray(np.clip(evaluate(alone, sums)[0], *goal.clamp), np.int64)


def assert_equal_everywhere(goal: Target, form: Linear) -> None:
    for channel in range(len(goal.bias)):
        assert np.array_equal(computed(goal, form, channel), expected(goal, channel)), f"channel {channel}: {form}"


def random_target(choice: Choice, reach: int, channels: int = 4, shared: bool = False) -> Target:
    """Ranges that reach beyond the clamps and ranges that do not, ties by powers of two, biases of either sign."""
    pairs, bias, intervals = [], [], []
    spread = choice.uniform(4, 12)
    for _ in range(channels):
        exponent = -choice.uniform(spread - 2, spread)
        pairs.append(quantize_multiplier(2.0 ** (round(exponent) if choice.random() < 0.3 else exponent)))
        ends = sorted(int(v) for v in choice.integers(-reach, reach, 2))
        intervals.append((ends[0], ends[1]))
        bias.append(int(choice.integers(-reach, reach)))
    low = int(choice.integers(-128, 100)) if choice.random() < 0.3 else -128
    high = int(choice.integers(low, 128)) if choice.random() < 0.3 else 127
    zero_point = int(choice.choice(ENDS)) if choice.random() < 0.6 else int(choice.integers(-128, 128))
    return wanted([pairs[0]] * channels if shared else pairs, bias, intervals, zero_point, (low, high))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_equal_for_every_accumulator(seed: int, shared: bool) -> None:
    choice, found = Choice(seed), 0
    for _ in range(10):
        goal = random_target(choice, int(choice.choice([300, 4000])), shared=shared)
        form = find_linear(goal)
        if form is not None:
            found += 1
            assert_equal_everywhere(goal, form)
            assert len(form.multiplier) == (1 if shared else 4)
    assert found >= 9


@pytest.mark.parametrize("seed", range(3))
def test_equal_at_and_around_thresholds_of_wide_accumulators(seed: int) -> None:
    """Layers as networks have them: multipliers of 2**-6 to 2**-10, accumulators of 19 to 21 bits."""
    rng = np.random.default_rng(seed)
    for zero_point in ENDS:
        reals = 2.0 ** -rng.uniform(6, 10, 8)
        reach = rng.integers(2**18, 2**20, 8)
        intervals = [(int(-r), int(r * rng.uniform(0.5, 1))) for r in reach]
        bias = [int(rng.integers(-20_000, 20_000)) for _ in reach]
        goal = wanted([quantize_multiplier(r) for r in reals], bias, intervals, zero_point)
        form = find_linear(goal)
        assert form is not None
        assert bool(form.below) <= (zero_point != -128)
        for channel, (low, high) in enumerate(intervals):
            near = (goal.thresholds[channel][:, None] + np.arange(-2, 3)).ravel()
            points = np.concatenate([near, rng.integers(low, high, 300), [low, high]])
            points = points[(points >= low) & (points <= high)]
            alone = replace(
                form,
                multiplier=(form.multiplier[channel],),
                offset=(form.offset[channel],),
                below=form.below[channel : channel + 1],
            )
            got = np.clip(evaluate(alone, points[None, :] - bias[channel])[0], -128, 127)
            multiplier, shift = goal.rescale.multiplier[channel], goal.rescale.shift[channel]
            assert got.tolist() == [oracle(int(p), multiplier, shift, zero_point, (-128, 127)) for p in points]


@pytest.mark.parametrize("zero_point", ENDS)
def test_thresholds_are_the_steps_of_the_reference(zero_point: int) -> None:
    for real in (0.75, 1 / 2, 0.3, 1 / 16, 0.0123, 2.0**-9, 3.7, 0.0):
        reach = 3000
        goal = wanted([quantize_multiplier(real)], [0], [(-reach, reach)], zero_point)
        outputs = expected(goal, 0)
        steps = [int(np.argmax(outputs >= level)) - reach for level in goal.levels if (outputs >= level).any()]
        reachable = goal.thresholds[0][goal.thresholds[0] <= reach]
        assert np.maximum(reachable, -reach).tolist() == steps


def test_a_range_that_touches_no_clamp() -> None:
    goal = wanted([quantize_multiplier(0.00321)], [-777], [(-9000, 7000)], 13)
    form = find_linear(goal)
    assert form is not None
    outputs = computed(goal, form, 0)
    assert outputs[0] > -128 and outputs[-1] < 127
    assert_equal_everywhere(goal, form)


def test_channels_that_never_change_do_not_disturb_the_others() -> None:
    """Tiny multipliers, large ones that always saturate, multipliers of 0, and biases far away."""
    pairs = [quantize_multiplier(r) for r in (2.0**-36, 0.0, 2.0**-20, 0.004, 0.3, 0.3)]
    bias = [10**8, -5, 10**7, 100, 10**6, -(10**6)]
    intervals = [(b - 500, b + 500) for b in bias]
    for zero_point in ENDS:
        goal = wanted(pairs, bias, intervals, zero_point)
        form = find_linear(goal)
        assert form is not None
        assert_equal_everywhere(goal, form)


def test_nothing_is_found_where_32_bits_do_not_suffice() -> None:
    assert find_linear(wanted([quantize_multiplier(1.5)], [0], [(-(2**20), 2**20)], 0)) is None
    assert find_linear(wanted([quantize_multiplier(2.0**-13 * 1.1)], [0], [(-(2**29), 2**29)], 0)) is None


def test_the_proof_holds_exactly_where_all_outputs_are_equal() -> None:
    """A form with something changed is proved if, and only if, no accumulator shows it."""
    rng, verdicts = np.random.default_rng(4), []
    for seed in range(40):
        goal = random_target(Choice(seed), 1500, channels=2)
        form = find_linear(goal)
        if form is None:
            continue
        for field in ("multiplier", "offset", "below"):
            values = list(getattr(form, field))
            if values:
                change = int(rng.choice([-1, 1])) * max(1, int(abs(values[0]) * 2.0 ** -rng.uniform(4, 20)))
                changed: Any = {field: (values[0] + change, *values[1:])}
                other = replace(form, **changed)
                if other.multiplier[0] < 0:
                    continue
                equal = all(np.array_equal(computed(goal, other, c), expected(goal, c)) for c in range(2))
                assert proved(goal, other) == equal
                verdicts.append(equal)
    assert 10 < sum(verdicts) < len(verdicts) - 10


def test_the_proof_refuses_what_32_bits_do_not_hold() -> None:
    goal = wanted([quantize_multiplier(2.0**-8)], [0], [(-(2**18), 2**18)], 0)
    form = find_linear(goal)
    assert form is not None and proved(goal, form)
    larger = replace(
        form,
        multiplier=tuple(2 * v for v in form.multiplier),
        offset=tuple(2 * v for v in form.offset),
        below=tuple(2 * v for v in form.below),
        shift=form.shift + 1,
        middle=2 * form.middle,
    )
    points = np.arange(-500, 500)[None, :]
    assert np.array_equal(evaluate(larger, points), evaluate(form, points))
    assert not proved(goal, larger)


HARNESS = """
#include "requantize.h"
void run(const int32_t *tables, uint16_t below, const int *numbers, const int32_t *sums, int n, int8_t *outputs);
void run(const int32_t *tables, uint16_t below, const int *numbers, const int32_t *sums, int n, int8_t *outputs)
{
    const requantization q = {tables, &below, tables + 1, tables[2], 0, numbers[0], numbers[1], numbers[2]};
    for (int i = 0; i < n; i++) {
        outputs[i] = requantize(&q, 0, sums[i]);
    }
}
"""


@pytest.mark.parametrize("flag", ["-DNO_LONG_MULTIPLY", "-O2"])
def test_the_c_code_computes_the_form(flag: str, tmp_path: Path) -> None:
    need_tool("cc", "gcc")
    (tmp_path / "run.c").write_text(HARNESS)
    library = tmp_path / "run.so"
    options = ["-std=c99", "-shared", "-fPIC", "-I", str(KERNELS), "-fsanitize=undefined", "-fno-sanitize-recover"]
    subprocess.run(["cc", *options, flag, str(tmp_path / "run.c"), "-o", str(library)], check=True, timeout=100)
    run = ctypes.CDLL(str(library)).run
    for seed in range(30):
        goal = random_target(Choice(seed), 3000, channels=1)
        form = find_linear(goal)
        if form is None:
            continue
        low, high = goal.rescale.accumulator[0]
        sums = (np.arange(low, high + 1) - goal.bias[0]).astype(np.int32)
        tables = np.array([form.multiplier[0], form.offset[0], form.middle], np.int32)
        numbers = np.array([form.shift - 16, *goal.clamp], np.int32)
        outputs = np.zeros(len(sums), np.int8)
        pointers = [v.ctypes.data_as(ctypes.c_void_p) for v in (tables, numbers, sums, outputs)]
        below = ctypes.c_uint16(form.below[0] if form.below else 0)
        run(pointers[0], below, pointers[1], pointers[2], len(sums), pointers[3])
        assert np.array_equal(outputs, computed(goal, form, 0))


def dense(net: SideBySide, choice: Choice, scale: float, out_scale: float) -> None:
    weights = choice.integers(-127, 128, (5, 9))
    tensors = [
        T("x", "int8", (1, 9), 0.05, choice.zero_point()),
        T("w", "int8", (5, 9), scale, data=weights),
        T("b", "int32", (5,), 0.05 * scale, data=choice.integers(-3000, 3000, 5)),
    ]
    out = T("y", "int8", (1, 5), out_scale, choice.zero_point())
    net.add("FULLY_CONNECTED", tensors, [out], a.FullyConnected(choice.activation()))


def test_both_forms_in_one_model(tmp_path: Path) -> None:
    """Large multipliers keep the reference's own arithmetic; each form is emitted once."""
    net, choice = SideBySide(), Choice(9)
    for _ in range(4):
        dense(net, choice, 0.02, 0.3)
        dense(net, choice, 0.9, 0.04)
    conversion = assert_identical(net.build(), tmp_path, steps=40, sanitize=True)
    forms = [bool(layer.rescales[0].linear) for layer in conversion.program.layers]
    assert forms == [True, False] * 4
    for function in ("requantize", "requantize_gemmlowp", "fully_connected", "fully_connected_gemmlowp"):
        assert conversion.source.count(f" {function}(const IN_FLASH") == 1


def test_the_audit_shows_the_form(tmp_path: Path) -> None:
    net, choice = SideBySide(), Choice(9)
    dense(net, choice, 0.02, 0.3)
    dense(net, choice, 0.9, 0.04)
    path = tmp_path / "model.tflite"
    path.write_bytes(net.build())
    result = audit(path)
    linear, gemmlowp = (op.rescales[0].linear for op in result.operators)
    assert linear is not None and gemmlowp is None
    rows = result.csv().splitlines()
    columns = rows[0].split(",")
    cells = [row.split(",") for row in rows if row.startswith("rescale")]
    shown = [row[columns.index("linear_offset")] for row in cells]
    assert shown == [*(str(v) for v in linear.offset), *[""] * 5]
    assert f"{linear.shift}" == cells[0][columns.index("linear_shift")]
