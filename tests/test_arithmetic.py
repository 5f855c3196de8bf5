"""ADD, SUB and MUL against the reference: broadcasting, constants, ties, saturation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, SideBySide, T, build
from tests.needs import need_reference
from tests.random_parameters import Choice
from tests.test_lookup import refused
from tflite2int import attributes as a
from tflite2int.errors import ReferenceFailure
from tflite2int.graph import Array
from tflite2int.verify.reference import run_reference

KINDS = ("ADD", "SUB", "MUL")
Shape = tuple[int, ...]

# Every way in which a dimension of two inputs can pair up, at every rank that the reference takes.
PATTERNS: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((5,), (5,)),
    ((1,), (7,)),
    ((2, 3), ()),
    ((3, 1), (1, 4)),
    ((4, 4, 8), (8,)),
    ((8,), (1, 4, 4, 8)),
    ((1, 4, 4, 8), (1, 1, 1, 8)),
    ((2, 3, 3, 4), (2, 1, 1, 4)),
    ((2, 3, 1, 4), (2, 1, 3, 1)),
    ((1, 1, 1, 1, 1), (3,)),
    ((2, 1, 2, 1, 2), (1, 3, 1, 3, 2)),
    ((2, 2, 1, 3, 1), (1, 2, 4, 1, 3)),
    ((2, 1, 2, 1, 2, 1), (1, 2, 1, 2, 1, 2)),
    ((2, 3, 2, 3, 2, 2), (2, 3, 2, 3, 2, 2)),
)


def add(
    net: SideBySide,
    choice: Choice,
    kind: str,
    shapes: tuple[Shape, Shape],
    constant: int | None = None,
    activation: a.Activation | None = None,
) -> None:
    """One operator, whose output's scale is such that results spread over the type's range, and beyond."""
    tensors = [T(n, "int8", s, choice.scale(), choice.zero_point()) for n, s in zip("ab", shapes, strict=True)]
    if constant is not None:
        x = tensors[constant]
        tensors[constant] = T(
            x.name, "int8", x.shape, x.scale, x.zero_point, data=choice.integers(-128, 128, tuple(x.shape))
        )
    scales = [float(np.max(x.scale or 0)) for x in tensors]
    spread = scales[0] * scales[1] * 64 if kind == "MUL" else max(scales)
    out = T("y", "int8", np.broadcast_shapes(*shapes), choice.scale(spread / 2, spread * 4), choice.zero_point())
    net.add(kind, tensors, [out], a.Arithmetic(choice.activation() if activation is None else activation))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
def test_every_pattern_of_broadcasting(kind: str, seed: int, tmp_path: Path) -> None:
    choice, net = Choice(seed), SideBySide()
    for shapes in PATTERNS:
        add(net, choice, kind, shapes)
        add(net, choice, kind, shapes[::-1])
    assert_identical(net.build(), tmp_path, steps=10, seed=seed, sanitize=True)


@pytest.mark.parametrize("kind", KINDS)
def test_constants_on_either_side(kind: str, tmp_path: Path) -> None:
    choice, net = Choice(3), SideBySide()
    for shapes in PATTERNS:
        for constant in (0, 1):
            add(net, choice, kind, shapes, constant)
    program = assert_identical(net.build(), tmp_path, steps=10, sanitize=True).program
    tables = [layer for layer in program.layers if [c.name for c in layer.constants] == ["table"]]
    kernels = [layer for layer in program.layers if layer.kernels]
    assert len(tables) == 5 and len(tables) + len(kernels) == len(program.layers)


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_of_inputs(kind: str, tmp_path: Path) -> None:
    """65,536 pairs each, for every activation."""
    choice, net = Choice(5), SideBySide()
    for activation in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1"):
        add(net, choice, kind, ((256, 1), (1, 256)), activation=activation)
    every = np.arange(-128, 128, dtype=np.int8)
    inputs = [every.reshape(256, 1), every.reshape(1, 256)] * 4
    assert_identical(net.build(), tmp_path, inputs=[inputs])


@pytest.mark.parametrize("kind", KINDS)
def test_every_input_and_scalar_constant(kind: str, tmp_path: Path) -> None:
    choice, net = Choice(6), SideBySide()
    for number in range(24):
        add(net, choice, kind, ((256,), (1,) * (number % 4)), constant=1)
        add(net, choice, kind, ((1,) * (number % 4), (256,)), constant=0)
    program = assert_identical(net.build(), tmp_path, inputs=[[np.arange(-128, 128, dtype=np.int8)] * 48]).program
    assert not any(layer.kernels for layer in program.layers)


@pytest.mark.parametrize("kind", KINDS)
def test_1_to_300_channels(kind: str, tmp_path: Path) -> None:
    choice, net = Choice(8), SideBySide()
    for channels in (1, 2, 3, 4, 7, 8, 15, 31, 64, 255, 300):
        add(net, choice, kind, ((1, 3, 2, channels), (channels,)), constant=1)
        add(net, choice, kind, ((1, 3, 2, channels), (1, 3, 1, 1)))
    assert_identical(net.build(), tmp_path, steps=8)


def test_the_same_tensor_twice(tmp_path: Path) -> None:
    net = SideBySide()
    for kind in KINDS:
        x = T("x", "int8", (256,), 0.03, -7)
        net.add(kind, [x, x], [T("y", "int8", (256,), 0.05, 3)], a.Arithmetic())
    inputs: list[Array] = [np.arange(-128, 128, dtype=np.int8)] * 3
    assert_identical(net.build(), tmp_path, inputs=[inputs], sanitize=True)


@pytest.mark.parametrize("flag", ["-DNO_LONG_MULTIPLY", "-O0", "-O3"])
def test_both_multiplications_and_every_optimisation_agree(flag: str, tmp_path: Path) -> None:
    choice, net = Choice(9), SideBySide()
    for kind in KINDS:
        add(net, choice, kind, ((64, 1), (1, 64)))
    assert_identical(net.build(), tmp_path, steps=12, flags=[flag])


def pair(kind: str, scales: tuple[float, float, float], zero_points: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    tensors = [T(n, "int8", (2,), s, z) for n, s, z in zip("aby", scales, zero_points, strict=True)]
    return build(tensors, [Op(kind, ["a", "b"], ["y"], a.Arithmetic())], ["a", "b"], ["y"])


def test_sub_rounds_the_subtrahend_before_it_negates(tmp_path: Path) -> None:
    """Scales at which the subtrahend's rescale is a tie that shows: 2.19 subtracts, earlier versions negated the
    multiplier, and their results would be 0 and 0."""
    inputs: list[Array] = [np.array([1, -1], np.int8), np.array([8, -8], np.int8)]
    model = pair("SUB", (1.0, 1 / 8 + 7 / 2**26, 1.1 * 2**-19))
    assert_identical(model, tmp_path, inputs=[inputs])
    assert run_reference(model, [inputs])[0][0].tolist() == [-1, 0]


def test_an_output_scale_too_small_for_the_reference_is_refused(tmp_path: Path) -> None:
    """Where the output's multiplier is above 1, ADD aborts and SUB shifts by a negative number of bits."""
    scales = (1.0, 0.7, 0.6 * 2**-19)
    inputs: list[Array] = [np.array([3, 3], np.int8), np.array([4, -100], np.int8)]
    for kind in ("ADD", "SUB"):
        refused(pair(kind, scales), tmp_path, f"{kind}.*the output's scale 1.14441e-06 is too small for 1 and 0.7")
    need_reference()
    with pytest.raises(ReferenceFailure, match="SIGABRT"):
        run_reference(pair("ADD", scales), [inputs])
    assert run_reference(pair("SUB", scales), [inputs])[0][0].tolist() != [127, 127]  # what 0.2 and 73 saturate to


def test_a_residual_works_in_place(tmp_path: Path) -> None:
    tensors = [T(n, "int8", (3, 8), 0.05, z) for n, z in zip("xabcde", (0, 3, -5, 7, 0, 1), strict=True)]
    tensors.append(T("bias", "int8", (8,), 0.02, 3, data=np.arange(-64, 64, 16)))
    operators = [
        Op("TANH", ["x"], ["a"]),
        Op("RELU6", ["x"], ["b"]),
        Op("SUB", ["bias", "a"], ["c"], a.Arithmetic()),
        Op("ADD", ["b", "c"], ["d"], a.Arithmetic("RELU")),
        Op("MUL", ["d", "d"], ["e"], a.Arithmetic()),
    ]
    program = assert_identical(build(tensors, operators, ["x"], ["e"]), tmp_path, sanitize=True).program
    assert program.arena_size == 48  # two tensors, each of them written over twice


TENSOR = T("a", "int8", (2, 3), 0.5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("a_", "b", "y", "options", "match"),
    [
        (TENSOR, T("b", "int8", (2,), 0.5), T("y", "int8", (2, 3), 0.5), a.Arithmetic(), "broadcast"),
        (TENSOR, T("b", "int8", (3,), 0.5), T("y", "int8", (3, 2), 0.5), a.Arithmetic(), "broadcast"),
        (TENSOR, T("b", "int8", (1,) * 7, 0.5), T("y", "int8", (1,) * 5 + (2, 3), 0.5), a.Arithmetic(), "broadcast"),
        (TENSOR, T("b", "uint8", (3,), 0.5), T("y", "int8", (2, 3), 0.5), a.Arithmetic(), "uint8"),
        (TENSOR, T("b", "int8", (3,), 0.5), T("y", "int16", (2, 3), 0.5), a.Arithmetic(), "Types must be one of"),
        (TENSOR, T("b", "int8", (3,), [0.5] * 3), T("y", "int8", (2, 3), 0.5), a.Arithmetic(), "one scale"),
        (TENSOR, T("b", "int8", (3,), 0.5), T("y", "int8", (2, 3), 0.5), a.Arithmetic("TANH"), "activation TANH"),
        (TENSOR, T("b", "int8", (3,), 0.5), T("y", "int8", (2, 3), 1e-9), a.Arithmetic(), "small|overflows"),
        (
            T("a", "int8", (1,), 0.5, data=[1]),
            T("b", "int8", (1,), 0.5, data=[1]),
            T("y", "int8", (1,), 0.5),
            a.Arithmetic(),
            "all inputs are constants",
        ),
    ],
)
def test_refusals(kind: str, a_: T, b: T, y: T, options: a.Arithmetic, match: str, tmp_path: Path) -> None:
    net = SideBySide()
    net.add(kind, [a_, b], [y], options)
    refused(net.build(), tmp_path, rf"operator 0 .{kind}.*({match})")


def test_broadcasting_in_seven_dimensions_aborts_the_reference() -> None:
    need_reference()
    tensors = [T("a", "int8", (1,) * 7, 0.5), T("b", "int8", (2,), 0.5), T("y", "int8", (1,) * 6 + (2,), 0.5)]
    model = build(tensors, [Op("MUL", ["a", "b"], ["y"], a.Arithmetic())], ["a", "b"], ["y"])
    with pytest.raises(ReferenceFailure, match="SIGABRT"):
        run_reference(model, [[np.zeros((1,) * 7, np.int8), np.zeros(2, np.int8)]])
