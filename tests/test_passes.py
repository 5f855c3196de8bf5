"""Passes: what they rewrite, what they leave alone, and that results stay the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tflite2int import attributes as a
from tflite2int.compiler import convert
from tflite2int.errors import UnsupportedModelError
from tflite2int.graph import Graph
from tflite2int.passes import simplify
from tflite2int.reader import read_bytes


def simplified(tensors: Sequence[T], operators: Sequence[Op], inputs: Sequence[str], outputs: Sequence[str]) -> Graph:
    return simplify(read_bytes(build(tensors, operators, inputs, outputs), "m"))


def kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.operators]


def f(name: str, shape: Sequence[int] = (1, 4)) -> T:
    return T(name, "float32", shape)


def q(name: str, shape: Sequence[int] = (1, 4), scale: float = 0.5, zero: int = -3, dtype: str = "int8") -> T:
    return T(name, dtype, shape, scale, zero)


def i(name: str, values: npt.ArrayLike, dtype: str = "int32") -> T:
    return T(name, dtype, np.shape(values), data=values)


# --- strip_float_edges


@pytest.mark.parametrize(("dtype", "zero"), [("int8", -3), ("uint8", 130), ("int16", 0)])
def test_float_edges_become_integers(dtype: str, zero: int, tmp_path: Path) -> None:
    tensors = [f("x"), q("a", zero=zero, dtype=dtype), q("b", (4, 1), zero=zero, dtype=dtype), f("y", (4, 1))]
    operators = [
        Op("QUANTIZE", ["x"], ["a"]),
        Op("TRANSPOSE", ["a", "p"], ["b"]),
        Op("DEQUANTIZE", ["b"], ["y"]),
    ]
    conversion = assert_identical(build([*tensors, i("p", [1, 0])], operators, ["x"], ["y"]), tmp_path)
    graph = conversion.program.graph
    assert (kinds(graph), graph.inputs, graph.outputs) == (["TRANSPOSE"], (1,), (2,))
    assert graph.operators[0].index == 1  # the file's number
    assert graph.changes == (
        f'input 0 "x": the float QUANTIZE at the edge is stripped; feed {dtype} with scale 0.5 and zero point {zero}',
        f'output 0 "y": the DEQUANTIZE at the edge is stripped; it is {dtype} with scale 0.5 and zero point {zero}',
    )


def test_quantize_operators_with_the_same_parameters_are_one(tmp_path: Path) -> None:
    tensors = [f("x"), q("a"), q("b"), q("c", (2, 4)), f("y", (2, 4)), f("z", (2, 4)), f("w")]
    operators = [
        Op("QUANTIZE", ["x"], ["a"]),
        Op("QUANTIZE", ["x"], ["b"]),
        Op("CONCATENATION", ["a", "b"], ["c"], a.Concatenation(0)),
        Op("DEQUANTIZE", ["c"], ["y"]),
        Op("DEQUANTIZE", ["c"], ["z"]),
        Op("DEQUANTIZE", ["b"], ["w"]),
    ]
    conversion = assert_identical(build(tensors, operators, ["x"], ["y", "z", "w", "c"]), tmp_path)
    graph = conversion.program.graph
    assert (kinds(graph), graph.inputs, graph.outputs) == (["CONCATENATION"], (1,), (3, 3, 1, 3))


def test_quantize_operators_with_other_parameters_stay() -> None:
    tensors = [f("x"), q("a"), q("b", scale=0.25), q("c"), q("d", scale=0.25)]
    operators = [
        Op("QUANTIZE", ["x"], ["a"]),
        Op("QUANTIZE", ["x"], ["b"]),
        Op("RESHAPE", ["a", "s"], ["c"], a.Reshape()),
        Op("RESHAPE", ["b", "s"], ["d"], a.Reshape()),
    ]
    graph = simplified([*tensors, i("s", [1, 4])], operators, ["x"], ["c", "d"])
    assert (kinds(graph), graph.inputs) == (["QUANTIZE", "QUANTIZE", "RESHAPE", "RESHAPE"], (0,))


def test_a_float_input_with_another_reader_stays() -> None:
    tensors = [f("x"), q("a"), f("y")]
    operators = [Op("QUANTIZE", ["x"], ["a"]), Op("LOGISTIC", ["x"], ["y"])]
    assert simplified(tensors, operators, ["x"], ["a", "y"]).inputs == (0,)
    assert simplified(tensors[:2], operators[:1], ["x"], ["a", "x"]).inputs == (0,)


def test_a_float_island_stays(tmp_path: Path) -> None:
    tensors = [q("x"), f("a"), f("y")]
    operators = [Op("DEQUANTIZE", ["x"], ["a"]), Op("LOGISTIC", ["a"], ["y"])]
    graph = simplified(tensors, operators, ["x"], ["y", "a"])
    assert (kinds(graph), graph.outputs) == (["DEQUANTIZE", "LOGISTIC"], (2, 0))  # what can be stripped is


def test_the_shape_of_a_float_input_is_no_reader(tmp_path: Path) -> None:
    tensors = [f("x"), q("a"), T("s", "int32", (2,)), q("b"), f("y")]
    operators = [
        Op("SHAPE", ["x"], ["s"]),
        Op("QUANTIZE", ["x"], ["a"]),
        Op("RESHAPE", ["a", "s"], ["b"], a.Reshape()),
        Op("DEQUANTIZE", ["b"], ["y"]),
    ]
    assert kinds(simplified(tensors, operators, ["x"], ["y"])) == ["RESHAPE"]


# --- fold_constants

FOLDED: list[tuple[str, list[Any], a.Attributes | None, Any, str]] = [
    ("ADD", [[1, 2, -3], [4]], a.Arithmetic(), (3,), "int32"),
    ("SUB", [[1, 2, -3], 4], a.Arithmetic(), (3,), "int32"),
    ("MUL", [[[1], [2]], [4, 5, 6]], a.Arithmetic(), (2, 3), "int32"),
    ("MUL", [[7, -8], [4, 5]], a.Arithmetic(), (2,), "int64"),
    ("FLOOR_DIV", [[7, -7, 6, -1], [2, 2, -4, 3]], None, (4,), "int32"),
    ("MINIMUM", [[7, -7], [2, 2]], None, (2,), "int32"),
    ("MAXIMUM", [[7, -7], [2, 2]], None, (2,), "int64"),
    ("REDUCE_PROD", [[[2, 3], [4, -5]], [1]], a.Reduce(), (2,), "int32"),
    ("REDUCE_PROD", [[[2, 3], [4, -5]], [0, -1]], a.Reduce(keep_dims=True), (1, 1), "int32"),
    ("GATHER", [[5, 6, 7], [2, 0]], a.Gather(), (2,), "int32"),
    ("GATHER", [[[5, 6], [7, 8]], 1], a.Gather(axis=1), (2,), "int32"),
    ("PACK", [3, 4, 5], a.Stack(0, 3), (3,), "int32"),
    ("CONCATENATION", [[3], [4, 5]], a.Concatenation(0), (3,), "int32"),
    ("STRIDED_SLICE", [[3, 4, 5], [1], [2], [1]], a.StridedSlice(shrink_axis_mask=1), (), "int32"),
    ("SLICE", [[3, 4, 5], [1], [2]], None, (2,), "int32"),
    ("RESHAPE", [[3, 4], [2, 1]], a.Reshape(), (2, 1), "int32"),
    ("TRANSPOSE", [[[3, 4, 5]], [1, 0]], None, (3, 1), "int32"),
    ("PAD", [[3, 4], [[1, 2]]], None, (5,), "int32"),
    ("EXPAND_DIMS", [[3, 4], 0], None, (1, 2), "int32"),
]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_arithmetic_on_shapes_is_computed_as_the_reference_does(dtype: str, tmp_path: Path) -> None:
    """The results are joined to an input, so that something is left to run."""
    tensors, operators, results = [T("x", dtype, (1,)), i("flat", [-1])], [], ["x"]
    cases = [case for case in FOLDED if case[4] == dtype]
    for number, (kind, values, options, shape, _) in enumerate(cases):
        names = [f"c{number}_{k}" for k in range(len(values))]
        tensors += [i(name, value, dtype) for name, value in zip(names, values, strict=True)]
        tensors += [T(f"o{number}", dtype, shape), T(f"r{number}", dtype, (int(np.prod(shape)),))]
        operators.append(Op(kind, names, [f"o{number}"], options))
        operators.append(Op("RESHAPE", [f"o{number}", "flat"], [f"r{number}"], a.Reshape()))
        results.append(f"r{number}")
    tensors.append(T("y", dtype, (1 + sum(int(np.prod(case[3])) for case in cases),)))
    operators.append(Op("CONCATENATION", results, ["y"], a.Concatenation(0)))
    conversion = assert_identical(build(tensors, operators, ["x"], ["y"]), tmp_path, steps=1)
    assert kinds(conversion.program.graph) == ["CONCATENATION"]


def test_int8_constants_are_moved_too(tmp_path: Path) -> None:
    constant = T("c", "int8", (2, 3), 0.5, -3, data=[[1, 2, 3], [4, 5, 6]])
    tensors = [q("x", (3, 2)), constant, i("p", [1, 0]), q("t", (3, 2)), q("y", (6, 2))]
    operators = [
        Op("TRANSPOSE", ["c", "p"], ["t"]),
        Op("CONCATENATION", ["x", "t"], ["y"], a.Concatenation(0)),
    ]
    conversion = assert_identical(build(tensors, operators, ["x"], ["y"]), tmp_path)
    assert kinds(conversion.program.graph) == ["CONCATENATION"]


def test_a_shape_computed_at_run_time_vanishes() -> None:
    """What Keras writes for a Flatten: SHAPE, STRIDED_SLICE, PACK and RESHAPE."""
    tensors = [q("x", (2, 3, 4)), T("s", "int32", (3,)), T("n", "int32", ()), T("t", "int32", (2,)), q("y", (2, 12))]
    tensors += [i("zero", [0]), i("one", [1]), i("rest", -1)]
    operators = [
        Op("SHAPE", ["x"], ["s"]),
        Op("STRIDED_SLICE", ["s", "zero", "one", "one"], ["n"], a.StridedSlice(shrink_axis_mask=1)),
        Op("PACK", ["n", "rest"], ["t"], a.Stack(0, 2)),
        Op("RESHAPE", ["x", "t"], ["y"], a.Reshape()),
    ]
    graph = simplified(tensors, operators, ["x"], ["y"])
    assert kinds(graph) == ["RESHAPE"] and graph.operators[0].index == 3
    assert graph.changes == (
        "folded into constants: operator 0 (SHAPE), operator 1 (STRIDED_SLICE), operator 2 (PACK)",
    )


@pytest.mark.parametrize(
    ("kind", "values", "options"),
    [
        ("FLOOR_DIV", [[7], [0]], None),
        ("ADD", [[7], [1]], a.Arithmetic("RELU")),
        ("ADD", [[7, 8], [1]], a.Arithmetic()),  # of another shape than the file says
        ("ADD", [[7, 8], [1, 2, 3]], a.Arithmetic()),
        ("GATHER", [[7, 8], [2]], a.Gather()),
        ("GATHER", [[7, 8], [-1]], a.Gather()),
        ("REDUCE_PROD", [[7], [1]], a.Reduce()),
        ("SLICE", [[7, 8], [1], [2]], None),
        ("FLOOR_MOD", [[7], [2]], None),
    ],
)
def test_what_has_no_certain_value_stays_and_is_refused(
    kind: str, values: list[list[int]], options: a.Attributes | None, tmp_path: Path
) -> None:
    names = [f"c{k}" for k in range(len(values))]
    tensors = [*(i(n, v) for n, v in zip(names, values, strict=True)), T("y", "int32", (1,))]
    model = build(tensors, [Op(kind, names, ["y"], options)], [], ["y"])
    assert kinds(simplify(read_bytes(model, "m"))) == [kind]
    (tmp_path / "m.tflite").write_bytes(model)
    with pytest.raises(UnsupportedModelError, match=rf"operator 0 \({kind}\)"):
        convert(tmp_path / "m.tflite")


def test_a_few_bytes_do_not_become_many() -> None:
    """A hostile file could else take all memory."""
    tensors = [i("c", [1]), i("n", [[2**30, 0]]), T("y", "int32", (2**30 + 1,))]
    assert kinds(simplified(tensors, [Op("PAD", ["c", "n"], ["y"])], [], ["y"])) == ["PAD"]
    tensors = [i("a", np.ones((65, 1))), i("b", np.ones((1, 65))), T("y", "int32", (65, 65))]
    assert kinds(simplified(tensors, [Op("MUL", ["a", "b"], ["y"], a.Arithmetic())], [], ["y"])) == ["MUL"]


def test_a_shape_of_a_wrong_size_stays() -> None:
    graph = simplified([q("x"), T("s", "int32", (3,))], [Op("SHAPE", ["x"], ["s"])], ["x"], ["s"])
    assert kinds(graph) == ["SHAPE"]


# --- drop_unused


def test_what_nobody_reads_is_dropped() -> None:
    tensors = [q("x"), q("a"), q("b"), q("y"), i("s", [1, 4])]
    operators = [
        Op("RESHAPE", ["x", "s"], ["a"], a.Reshape()),
        Op("CUMSUM", ["a", "s"], ["b"]),
        Op("RESHAPE", ["x", "s"], ["y"], a.Reshape()),
    ]
    graph = simplified(tensors, operators, ["x"], ["y"])
    assert [op.index for op in graph.operators] == [2]
    assert graph.changes == ("dropped, as nothing reads their results: operator 0 (RESHAPE), operator 1 (CUMSUM)",)


def test_an_operator_with_one_result_in_use_stays() -> None:
    tensors = [q("x", (2, 4)), i("axis", 0), q("a"), q("b")]
    graph = simplified(tensors, [Op("SPLIT", ["axis", "x"], ["a", "b"], a.Split(2))], ["x"], ["b"])
    assert kinds(graph) == ["SPLIT"] and not graph.changes


# --- fold_pads


def convolution(kind: str, channels: int, name: str, options: a.Conv2D) -> tuple[list[T], Op]:
    """An operator that reads "p" and writes ``name``, with a kernel of 3 by 2."""
    rng = np.random.default_rng(5)
    shape = (channels, 3, 2, channels) if kind == "CONV_2D" else (1, 3, 2, channels)
    weights = T(f"{name}_w", "int8", shape, 0.02, data=rng.integers(-127, 128, shape))
    bias = T(f"{name}_b", "int32", (channels,), 0.01, data=rng.integers(-500, 500, channels))
    return [weights, bias], Op(kind, ["p", weights.name, bias.name], [name], options)


PADS = [[0, 0], [2, 1], [0, 3], [0, 0]]


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@pytest.mark.parametrize(
    ("padding", "stride", "dilation", "shape", "pads"),
    [
        ("VALID", 1, 1, (1, 6, 7, 2), (2, 1, 0, 3)),
        ("VALID", 2, 1, (1, 3, 4, 2), (2, 1, 0, 3)),
        ("SAME", 1, 1, (1, 8, 8, 2), (3, 2, 0, 4)),
        ("SAME", 2, 1, (1, 4, 4, 2), (2, 2, 0, 3)),
        ("VALID", 1, 2, (1, 4, 6, 2), (2, 1, 0, 3)),
        ("SAME", 1, 2, (1, 8, 8, 2), (4, 3, 1, 4)),
        ("SAME", 3, 1, (1, 3, 3, 2), (2, 2, 0, 3)),
    ],
)
def test_pad_folds_into_the_window(
    kind: str, padding: a.Padding, stride: int, dilation: int, shape: tuple[int, ...], pads: object, tmp_path: Path
) -> None:
    option = a.Conv2D if kind == "CONV_2D" else a.DepthwiseConv2D
    extra, operator = convolution(kind, 2, "y", option(padding, stride, stride, dilation, dilation))
    tensors = [q("x", (1, 5, 5, 2)), i("n", PADS), q("p", (1, 8, 8, 2)), *extra, q("y", shape, 0.1, 7)]
    model = build(tensors, [Op("PAD", ["x", "n"], ["p"]), operator], ["x"], ["y"])
    conversion = assert_identical(model, tmp_path, sanitize=True)
    (layer,) = conversion.program.layers
    assert isinstance(layer.operator.attributes, a.Conv2D) and layer.operator.attributes.pads == pads
    assert conversion.program.graph.changes == (f"operator 0 (PAD): folded into the window of operator 1 ({kind})",)


def test_a_chain_of_pads_folds_into_several_convolutions(tmp_path: Path) -> None:
    first, one = convolution("CONV_2D", 2, "y", a.Conv2D("VALID"))
    second, two = convolution("DEPTHWISE_CONV_2D", 2, "z", a.DepthwiseConv2D("SAME", 2, 2))
    tensors = [q("x", (1, 4, 5, 2)), i("n", PADS), q("r", (1, 7, 8, 2)), i("m", [[0, 0], [0, 1], [0, 0], [0, 0]])]
    tensors += [T("v", "int8", (), 0.5, -3, data=-3), q("p", (1, 8, 8, 2)), *first, *second]
    tensors += [q("y", (1, 6, 7, 2), 0.1), q("z", (1, 4, 4, 2), 0.1)]
    operators = [Op("PAD", ["x", "n"], ["r"]), Op("PADV2", ["r", "m", "v"], ["p"]), one, two]
    conversion = assert_identical(build(tensors, operators, ["x"], ["y", "z"]), tmp_path, sanitize=True)
    assert [layer.operator.index for layer in conversion.program.layers] == [2, 3]
    assert [layer.reads for layer in conversion.program.layers] == [(0,), (0,)]


@pytest.mark.parametrize("case", ["channels", "value", "scale", "output", "pool", "weights"])
def test_pad_that_does_not_fold_is_computed(case: str, tmp_path: Path) -> None:
    channels = 3 if case == "channels" else 2
    extra, operator = convolution("CONV_2D", channels, "y", a.Conv2D("VALID"))
    amounts = [[0, 0], [2, 1], [0, 3], [1, 0]] if case == "channels" else PADS
    source = q("x", (1, 5, 5, 2), scale=0.25 if case == "scale" else 0.5)
    tensors = [source, i("n", amounts), q("p", (1, 8, 8, channels)), *extra, q("y", (1, 6, 7, channels), 0.1, 7)]
    tensors += [T("v", "int8", (), 0.5, -3, data=4), q("o", (1, 8, 8, 2))]
    pad = Op("PADV2", ["x", "n", "v"], ["p"]) if case == "value" else Op("PAD", ["x", "n"], ["p"])
    operators, outputs = [pad, operator], ["y"]
    if case == "output":
        outputs = ["y", "p"]
    if case == "pool":
        operators.append(Op("MAX_POOL_2D", ["p"], ["o"], a.Pool2D("SAME", 1, 1, 1, 1)))
        outputs = ["y", "o"]
    if case == "weights":  # read as the weights of another one: refused, and no matter of padding
        tensors += [q("u", (1, 8, 8, 2)), q("k", (1, 1, 1, 1), 0.1)]
        operators.append(Op("CONV_2D", ["u", "p", None], ["k"], a.Conv2D("VALID")))
        graph = simplified(tensors, operators, ["x", "u"], ["y", "k"])
        assert kinds(graph)[0] == "PAD"
        return
    conversion = assert_identical(build(tensors, operators, ["x"], outputs), tmp_path)
    assert conversion.program.layers[0].operator.kind == pad.kind


# --- fold_activations


def dense_then(activation: str, fused: a.Activation = "NONE", after: T | None = None) -> tuple[list[T], list[Op]]:
    weights = np.arange(-8, 8).reshape(4, 4) * 9
    tensors = [
        q("x"),
        T("w", "int8", (4, 4), 0.1, data=weights),
        q("t", scale=0.7, zero=-5),
        q("y", scale=0.7, zero=-5) if after is None else after,
    ]
    operators = [Op("FULLY_CONNECTED", ["x", "w", None], ["t"], a.FullyConnected(fused)), Op(activation, ["t"], ["y"])]
    return tensors, operators


@pytest.mark.parametrize(
    ("fused", "activation", "both"),
    [
        ("NONE", "RELU", "RELU"),
        ("NONE", "RELU6", "RELU6"),
        ("NONE", "RELU_N1_TO_1", "RELU_N1_TO_1"),
        ("RELU", "RELU6", "RELU6"),
        ("RELU6", "RELU", "RELU6"),
        ("RELU_N1_TO_1", "RELU_N1_TO_1", "RELU_N1_TO_1"),
    ],
)
def test_an_activation_moves_into_the_clamp(fused: Any, activation: str, both: str, tmp_path: Path) -> None:
    conversion = assert_identical(build(*dense_then(activation, fused), ["x"], ["y"]), tmp_path, steps=30)
    graph = conversion.program.graph
    assert kinds(graph) == ["FULLY_CONNECTED"] and graph.outputs == (3,)
    assert isinstance(options := graph.operators[0].attributes, a.FullyConnected) and options.activation == both
    assert graph.changes == (f"operator 1 ({activation}): folded into operator 0 (FULLY_CONNECTED)",)


def test_activations_behind_sums_and_pools_move_too(tmp_path: Path) -> None:
    image = (1, 4, 4, 2)
    tensors = [q(name, image) for name in "xst"] + [q(name, (1, 2, 2, 2)) for name in "my"]
    operators = [
        Op("ADD", ["x", "x"], ["s"], a.Arithmetic()),
        Op("RELU", ["s"], ["t"]),
        Op("MAX_POOL_2D", ["t"], ["m"], a.Pool2D("VALID", 2, 2, 2, 2)),
        Op("RELU6", ["m"], ["y"]),
    ]
    conversion = assert_identical(build(tensors, operators, ["x"], ["y"]), tmp_path, steps=20)
    assert kinds(conversion.program.graph) == ["ADD", "MAX_POOL_2D"]


def test_activations_that_stay(tmp_path: Path) -> None:
    """They rescale, others read what lies between, or the two clamps have no common name."""
    tensors, operators = dense_then("RELU", after=q("y", scale=0.5, zero=-5))
    assert len(simplified(tensors, operators, ["x"], ["y"]).operators) == 2
    tensors, operators = dense_then("RELU")
    assert len(simplified(tensors, operators, ["x"], ["y", "t"]).operators) == 2
    more = [*operators, Op("TANH", ["t"], ["z"])]
    assert len(simplified([*tensors, q("z", scale=1 / 128, zero=0)], more, ["x"], ["y", "z"]).operators) == 3
    tensors, operators = dense_then("RELU_N1_TO_1", "RELU6")
    assert len(simplified(tensors, operators, ["x"], ["y"]).operators) == 2
    assert_identical(build(tensors, operators, ["x"], ["y"]), tmp_path, steps=20)
