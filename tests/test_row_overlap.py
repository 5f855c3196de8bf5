"""Outputs that slide into their input, row by row: the rows by definition, the checker by brute force, and networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tests.random_parameters import Choice
from tflite2int import attributes as a
from tflite2int.errors import InternalError
from tflite2int.memory_check import Step, simulate
from tflite2int.ops.window import Axis, Window, row_order
from tflite2int.program import Program

Rows = tuple[tuple[int, int], ...]


def random_window(choice: Choice) -> Window:
    def pick(low: int, high: int) -> int:
        return int(choice.integers(low, high + 1))

    def axis() -> Axis:
        return Axis(pick(1, 9), pick(1, 7), pick(1, 4), pick(1, 3), pick(1, 3), pick(0, 3))

    return Window(pick(1, 3), axis(), axis(), pick(1, 3), pick(1, 3))


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_what_the_windows_reach(seed: int) -> None:
    choice = Choice(seed)
    for _ in range(200):
        geometry = random_window(choice)
        height, width = geometry.height, geometry.width
        image = np.arange(geometry.batch * height.input).reshape(geometry.batch, height.input)
        reads: list[list[int]] = []
        for rows in image:
            for y in range(height.output):
                places = [y * height.stride - height.before + k * height.dilation for k in range(height.kernel)]
                reads.append([int(rows[p]) for p in places if 0 <= p < height.input])
        order = row_order(geometry)
        assert [end for _, end in order] == [
            (row + 1) * width.output * geometry.output_channels for row in range(len(reads))
        ]
        for row, (first, _) in enumerate(order):
            later = [r * width.input * geometry.input_channels for some in reads[row:] for r in some]
            assert first <= min(later, default=first)
            if later and reads[row] and min(reads[row]) * width.input * geometry.input_channels == min(later):
                assert first == min(later)


def survives(rows: Rows, sizes: tuple[int, int], offsets: tuple[int, int]) -> bool:
    """Run the rows on an arena of names: each is written, then all that it and the later ones may read is looked at."""
    arena = np.full(sum(sizes) * 2, -1)
    source = slice(offsets[0], offsets[0] + sizes[0])
    arena[source] = np.arange(sizes[0])
    written = 0
    for first, end in rows:
        arena[offsets[1] + written : offsets[1] + end] = -2
        written = end
        if not np.array_equal(arena[source][first:], np.arange(first, sizes[0])):
            return False
    return True


@pytest.mark.parametrize("seed", range(20))
def test_the_checker_allows_what_survives_and_the_planner_asks_for_no_less(seed: int) -> None:
    choice = Choice(seed)
    count = int(choice.integers(1, 5))
    sizes = int(choice.integers(2, 12)), int(choice.integers(count, 12))
    first = sorted(int(v) for v in choice.integers(0, sizes[0], count))
    ends = [*sorted(int(v) for v in choice.choice(np.arange(1, sizes[1]), count - 1, replace=False)), sizes[1]]
    rows = tuple(zip((0, *first[1:]), ends, strict=True))
    slack = max(end - start for start, end in rows)
    verdicts = []
    for at in range(sum(sizes) + 1):
        offsets = {0: sizes[1], 1: at}
        steps = [
            Step((), (0,), frozenset(), {0: 1}),
            Step((0,), (1,), frozenset(), {0: 1, 1: 1}, rows),
        ]
        try:
            simulate(steps, offsets, dict(enumerate(sizes)), 2 * sum(sizes))
            verdicts.append(True)
        except InternalError as error:
            assert "overwritten before it is read" in str(error)
            verdicts.append(False)
        assert verdicts[-1] == survives(rows, sizes, (sizes[1], at)), f"{rows} {sizes} at {at}"
        assert verdicts[-1] or sizes[1] - slack < at < sum(sizes)
    assert not all(verdicts)


def chain(choice: Choice, dtype: str, layers: int = 6) -> bytes:
    """Windowed operators one after the other, with a rescale in each."""
    shape = (int(choice.integers(1, 3)), *(int(v) for v in choice.integers(6, 13, 2)), int(choice.integers(1, 6)))

    def zero() -> int:
        return choice.zero_point() if dtype == "int8" else 0

    tensors = [T("t0", dtype, shape, choice.scale(0.01, 0.1), zero())]
    operators = []
    for number in range(layers):
        x, name = tensors[[t.name for t in tensors].index(f"t{number}")], f"t{number + 1}"
        kind = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D")[int(choice.integers(3))]
        kernel = int(choice.integers(1, 4)), int(choice.integers(1, 4))
        stride = 2 if choice.random() < 0.2 else 1
        channels = int(choice.integers(1, 9)) if kind == "CONV_2D" else x.shape[3]
        out_shape = (x.shape[0], *(-(-n // stride) for n in x.shape[1:3]), channels)
        if kind == "MAX_POOL_2D":
            options: a.Attributes = a.Pool2D("SAME", stride, stride, kernel[0], kernel[1])
            tensors.append(T(name, dtype, out_shape, x.scale, x.zero_point))
            operators.append(Op(kind, [x.name], [name], options))
            continue
        weights = (channels, *kernel, x.shape[3]) if kind == "CONV_2D" else (1, *kernel, channels)
        options = (a.Conv2D if kind == "CONV_2D" else a.DepthwiseConv2D)("SAME", stride, stride)
        values = choice.integers(-127, 128, weights)
        tensors.append(T(name, dtype, out_shape, choice.scale(0.02, 0.2), zero()))
        tensors.append(T(f"w{number}", "int8", weights, 0.01, data=values))
        bias = "int32" if dtype == "int8" else "int64"
        tensors.append(
            T(
                f"b{number}",
                bias,
                (channels,),
                0.01 * float(np.asarray(x.scale)),
                data=choice.integers(-999, 1000, channels),
            )
        )
        operators.append(Op(kind, [x.name, f"w{number}", f"b{number}"], [name], options))
    return build(tensors, operators, ["t0"], [f"t{layers}"])


def disjoint(program: Program) -> int:
    """Bytes of the arena if no buffers shared any."""
    sizes = {key: program.graph.tensor(key).bytes for key in program.lifetimes}
    steps = range(len(program.layers))
    return max(sum(sizes[k] for k, (a, b) in program.lifetimes.items() if a <= step <= b) for step in steps)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("seed", range(8))
def test_chains_of_windows_are_identical_in_less(seed: int, dtype: str, tmp_path: Path) -> None:
    program = assert_identical(chain(Choice(seed), dtype), tmp_path, sanitize=True).program
    assert program.arena_size < disjoint(program)


def test_a_tensor_that_is_read_again_is_left_alone(tmp_path: Path) -> None:
    shape = (1, 8, 8, 4)
    tensors = [T(name, "int8", shape, 0.05 + 0.01 * n, n) for n, name in enumerate("xaby")]
    tensors.append(T("w", "int8", (4, 3, 3, 4), 0.01, data=Choice(1).integers(-127, 128, (4, 3, 3, 4))))
    tensors += [T(f"b{n}", "int32", (4,), 0.0005 + 0.0001 * n, data=[9, -9, 0, 99]) for n in (0, 1)]
    operators = [
        Op("CONV_2D", ["x", "w", "b0"], ["a"], a.Conv2D()),
        Op("CONV_2D", ["a", "w", "b1"], ["b"], a.Conv2D()),
        Op("ADD", ["a", "b"], ["y"], a.Arithmetic()),
    ]
    program = assert_identical(build(tensors, operators, ["x"], ["y"]), tmp_path, sanitize=True).program
    assert program.arena_size == 2 * 8 * 8 * 4
