"""Messages for models that are refused: all obstacles at once, in few lines, with the remedy that fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.model_builder import Op, T, build
from tflite2int import attributes as a
from tflite2int.diagnosis import CUSTOM, EXPORT_RECIPE, FAMILIES, Family, obstacles_of
from tflite2int.graph import DType, Graph
from tflite2int.passes import simplify
from tflite2int.reader import read_bytes


def diagnosed(
    tensors: Sequence[T], operators: Sequence[Op], inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[list[str], str]:
    """The lines of obstacles, after the passes, and the remedy."""
    return told(simplify(read_bytes(build(tensors, operators, inputs, outputs), "m")))


def told(graph: Graph) -> tuple[list[str], str]:
    found, remedy = obstacles_of(graph)
    return [str(error) for error in found], remedy


def f(name: str, shape: Sequence[int] = (1, 4)) -> T:
    return T(name, "float32", shape)


def q(name: str, shape: Sequence[int] = (1, 4), dtype: str = "int8") -> T:
    return T(name, dtype, shape, 0.5, 0)


def dense(weights: T) -> tuple[list[T], list[Op]]:
    """A layer with float input, bias and output."""
    tensors = [f("x"), weights, T("b", "float32", (4,), data=np.zeros(4)), f("y")]
    return tensors, [Op("FULLY_CONNECTED", ["x", weights.name, "b"], ["y"], a.FullyConnected())]


def test_a_model_that_converts_has_none() -> None:
    tensors = [q("x"), q("y", (4, 1)), T("p", "int32", (2,), data=[1, 0])]
    assert diagnosed(tensors, [Op("TRANSPOSE", ["x", "p"], ["y"])], ["x"], ["y"]) == ([], "")


def test_float() -> None:
    tensors = [f("x"), f("a"), f("b"), f("c"), f("y")]
    operators = [Op("LOGISTIC", ["x"], ["a"]), Op("TANH", ["a"], ["b"]), Op("RELU", ["b"], ["c"])]
    lines, remedy = diagnosed(tensors, [*operators, Op("CUMSUM", ["c"], ["y"])], ["x"], ["y"])
    assert lines == [
        "operators 0 to 3 (LOGISTIC, TANH, RELU, CUMSUM): float activations",
        'the graph: float32 at input 0 "x", output 0 "y"',
    ]
    assert remedy == "This model is not quantized: it computes in float. " + EXPORT_RECIPE


def test_dynamic_range() -> None:
    weights = T("w", "int8", (4, 4), 0.1, data=np.ones((4, 4)))
    tensors, operators = dense(weights)
    _, remedy = diagnosed(tensors, operators, ["x"], ["y"])
    assert remedy.startswith("This is dynamic-range quantization: the weights in this file are int8 but activations")
    assert EXPORT_RECIPE in remedy


@pytest.mark.parametrize(
    ("dtype", "words"), [("float16", "weights in this file are float16"), ("int8", "dynamic-range")]
)
def test_weights_that_are_dequantized(dtype: str, words: str) -> None:
    """The DEQUANTIZE of weights is no obstacle of its own."""
    stored = T("s", dtype, (4, 4), 0.1 if dtype == "int8" else None, data=np.ones((4, 4)))
    tensors, operators = dense(f("w", (4, 4)))
    lines, remedy = diagnosed([*tensors, stored], [Op("DEQUANTIZE", ["s"], ["w"]), *operators], ["x"], ["y"])
    assert lines[0] == "operator 1 (FULLY_CONNECTED): float activations" and len(lines) == 2
    assert words in remedy


def test_quantized_in_part() -> None:
    tensors = [q("x"), q("a"), f("b"), f("y"), T("s", "int32", (2,), data=[1, 4])]
    operators = [
        Op("RESHAPE", ["x", "s"], ["a"], a.Reshape()),
        Op("DEQUANTIZE", ["a"], ["b"]),
        Op("LOG_SOFTMAX", ["b"], ["y"]),
    ]
    lines, remedy = diagnosed(tensors, operators, ["x"], ["y"])
    assert lines[:2] == [
        "operator 1 (DEQUANTIZE): The result must be an output of the graph and nothing else: "
        "float values exist only there.",
        "operator 2 (LOG_SOFTMAX): float activations",
    ]
    assert remedy.startswith("This model is quantized in part") and "TFLITE_BUILTINS_INT8" in remedy


def test_uint8() -> None:
    tensors = [q("x", dtype="uint8"), q("a", dtype="uint8"), q("y", dtype="uint8")]
    lines, remedy = diagnosed(tensors, [Op("EXP", ["x"], ["a"]), Op("CUMSUM", ["a"], ["y"])], ["x"], ["y"])
    assert lines == ["operators 0, 1 (EXP, CUMSUM): uint8 activations"]
    assert remedy == "This is TensorFlow 1's quantization to uint8, which int8 has replaced. " + EXPORT_RECIPE


def test_operators_that_are_not_supported_are_listed_by_kind() -> None:
    names = [f"t{k}" for k in range(12)]
    kinds = ["CUMSUM", "REVERSE_V2", "CUMSUM", "CUMSUM", "CUMSUM"] + ["REVERSE_V2", "CUMSUM"] * 3
    operators = [Op(kind, [names[k]], [names[k + 1]]) for k, kind in enumerate(kinds)]
    lines, remedy = diagnosed([q(name) for name in names], operators, ["t0"], ["t11"])
    assert lines == [
        "operators 0, 2 to 4, 6, 8, 10 (CUMSUM): not supported",
        "operators 1, 5, 7, 9 (REVERSE_V2): not supported",
    ]
    assert remedy == "SUPPORTED_OPS.md lists the operators and their limits: build the model from these."


def test_long_lists_are_cut() -> None:
    names = [f"t{k}" for k in range(41)]
    operators = [Op(("CUMSUM", "REVERSE_V2")[k % 2], [names[k]], [names[k + 1]]) for k in range(40)]
    lines, _ = diagnosed([q(name) for name in names], operators, ["t0"], ["t40"])
    assert lines[0] == "operators 0, 2, 4, 6, 8, 10, 12, 14 and 12 more (CUMSUM): not supported"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.prefix)
def test_custom_operators_of_known_makers(family: Family) -> None:
    graph = read_bytes(build([q("x"), f("y")], [Op("CUMSUM", ["x"], ["y"])], ["x"], ["y"]), "m")
    kind = family.prefix + ("thing" if family.prefix.endswith("_") else "")
    (operator,) = (replace(op, kind=kind, custom=True) for op in graph.operators)
    lines, remedy = told(replace(graph, operators=(operator,)))
    assert lines[0] == f"operator 0 ({kind}): {family.what}"
    assert remedy == family.remedy  # float comes from the operator: no word of quantization


def test_custom_operators_of_nobody() -> None:
    graph = read_bytes(build([q("x"), q("y")], [Op("CUMSUM", ["x"], ["y"])], ["x"], ["y"]), "m")
    (operator,) = (replace(op, kind='Evil"Op\n*/', custom=True) for op in graph.operators)
    lines, remedy = told(replace(graph, operators=(operator,)))
    assert lines == [f'operator 0 (Evil"Op?*/): {CUSTOM.what}'] and remedy == CUSTOM.remedy


def test_tensors_without_scale() -> None:
    tensors = [T("x", "int8", (1, 4)), T("w", "int8", (4, 4), 0.1, data=np.ones((4, 4))), q("y")]
    operators = [Op("FULLY_CONNECTED", ["x", "w", None], ["y"], a.FullyConnected())]
    lines, remedy = diagnosed(tensors, operators, ["x"], ["y"])
    assert lines == [
        'operator 0 (FULLY_CONNECTED): Input and output must have one scale and one zero point. (tensor 0 "x" has none)'
    ]
    assert remedy.startswith("Tensors without scale and zero point mean nothing: export")


def test_a_graph_without_operators() -> None:
    lines, remedy = diagnosed([q("x")], [], ["x"], ["x"])
    assert lines == ["the graph: it has no operator: nothing is computed"] and remedy
    tensors, operators = [f("x"), q("a"), f("y")], [Op("QUANTIZE", ["x"], ["a"]), Op("DEQUANTIZE", ["a"], ["y"])]
    assert diagnosed(tensors, operators, ["x"], ["y"])[0] == lines


def test_tensors_without_elements() -> None:
    tensors = [q("x", (0, 4)), q("y", (4, 0)), T("p", "int32", (2,), data=[1, 0])]
    lines, remedy = diagnosed(tensors, [Op("TRANSPOSE", ["x", "p"], ["y"])], ["x"], ["y"])
    assert lines == [
        'tensor 0 "x": its shape [0, 4] has no elements',
        'tensor 1 "y": its shape [4, 0] has no elements',
    ]
    assert "every dimension at least 1" in remedy


@pytest.mark.parametrize("dtype", [t for t in DType if t.label not in ("int8", "uint8", "int16", "int32", "int64")])
def test_types_that_c_does_not_pass(dtype: DType) -> None:
    """Whatever the operators are: the function's parameters are integers."""
    tensors = [q("x"), q("u"), q("y"), T("s", "int32", (2,), data=[1, 4])]
    graph = read_bytes(build(tensors, [Op("RESHAPE", ["x", "s"], ["y"], a.Reshape())], ["x", "u"], ["y"]), "m")
    odd = tuple(replace(t, dtype=dtype) if t.name == "u" else t for t in graph.tensors)
    assert told(replace(graph, tensors=odd))[0] == [f'the graph: {dtype.label} at input 1 "u"']


def test_many_edges_are_cut() -> None:
    names = [f"x{k}" for k in range(9)]
    operators = [Op("CONCATENATION", names, ["y"], a.Concatenation(0))]
    lines, _ = diagnosed([*(f(name) for name in names), f("y", (9, 4))], operators, names, ["y"])
    assert lines[1] == 'the graph: float32 at input 0 "x0", input 1 "x1", input 2 "x2", input 3 "x3" and more'


def test_layers_that_read_constants_only() -> None:
    """A convolution of constants is not folded, and a layer has to read something."""
    tensors = [T("c", "int8", (1, 4), 0.5, data=np.ones((1, 4))), T("w", "int8", (4, 4), 0.1, data=np.ones((4, 4)))]
    operators = [Op("FULLY_CONNECTED", ["c", "w", None], ["y"], a.FullyConnected())]
    lines, _ = diagnosed([*tensors, q("y")], operators, [], ["y"])
    assert lines == ["operator 0 (FULLY_CONNECTED): all inputs are constants, and the result is not folded"]


def test_variables_are_read_by_no_operator_yet() -> None:
    tensors = [T("x", "int8", (1, 4), 0.5, variable=True), q("y", (4, 1)), T("p", "int32", (2,), data=[1, 0])]
    lines, _ = diagnosed(tensors, [Op("TRANSPOSE", ["x", "p"], ["y"])], [], ["y"])
    assert lines == ["operator 0 (TRANSPOSE): an input is a variable"]


def test_constant_outputs() -> None:
    tensors = [q("x"), q("y", (4, 1)), T("p", "int32", (2,), data=[1, 0]), T("c", "int32", (2,))]
    operators = [Op("TRANSPOSE", ["x", "p"], ["y"]), Op("ADD", ["p", "p"], ["c"], a.Arithmetic())]
    lines, _ = diagnosed(tensors, operators, ["x"], ["y", "p", "c"])
    assert lines == [
        "the graph: output 1 is a constant: export the model without it",
        "the graph: output 2 is a constant: export the model without it",
    ]


def test_constraints_are_not_asked_about_tensors_without_elements() -> None:
    """They divide by sizes."""
    tensors = [
        q("x", (1, 4, 4, 0)),
        T("w", "int8", (2, 1, 1, 1), 0.1, data=np.ones((2, 1, 1, 1))),
        q("y", (1, 4, 4, 2)),
    ]
    lines, _ = diagnosed(tensors, [Op("CONV_2D", ["x", "w", None], ["y"], a.Conv2D())], ["x"], ["y"])
    assert lines == ['tensor 0 "x": its shape [1, 4, 4, 0] has no elements']


def test_constant_inputs_are_refused() -> None:
    """The reference computes with what the caller gives, not with the numbers in the file."""
    constant = replace(q("c"), data=np.arange(4).reshape(1, 4))
    lines, _ = diagnosed([q("x"), constant, q("y")], [Op("ADD", ["x", "c"], ["y"], a.Arithmetic())], ["x", "c"], ["y"])
    assert lines == ["the graph: input 1 is a constant: export the model without it"]
