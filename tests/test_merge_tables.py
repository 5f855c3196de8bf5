"""Tables one after the other become one, and only where nobody else reads what lies between."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.compare import assert_identical
from tests.model_builder import Op, T, build
from tests.random_parameters import Choice
from tflite2int import attributes as a
from tflite2int.program import Program

EVERY = np.arange(-128, 128, dtype=np.int8)


def t(name: str, scale: float = 0.05, zero: int = -7, dtype: str = "int8", shape: tuple[int, ...] = (256,)) -> T:
    return T(name, dtype, shape, scale, zero)


def identical(tensors: list[T], operators: list[Op], outputs: list[str], tmp_path: Path) -> Program:
    model = build(tensors, operators, ["x"], outputs)
    return assert_identical(model, tmp_path, inputs=[[EVERY]], sanitize=True).program


def test_a_chain_is_one_table(tmp_path: Path) -> None:
    tensors = [t("x"), t("a", 0.03, 4), t("b", 1 / 128, 0), t("c", 0.02, 130, "uint8"), t("y", 1 / 256, -128)]
    operators = [
        Op("LEAKY_RELU", ["x"], ["a"], a.LeakyRelu(0.2)),
        Op("TANH", ["a"], ["b"]),
        Op("QUANTIZE", ["b"], ["c"]),
        Op("QUANTIZE", ["c"], ["y"]),
    ]
    program = identical(tensors, operators, ["y"], tmp_path)
    assert [layer.name for layer in program.layers] == ["quantize_3"]
    assert program.arena_size == 0
    assert [r.name for r in program.layers[0].rescales] == ["positive", "negative", "output", "output"]


def test_tables_meet_through_a_reshape(tmp_path: Path) -> None:
    tensors = [t("x"), t("a", 0.03, 4), t("b", 0.03, 4, shape=(16, 16)), t("y", 1 / 128, 0, shape=(16, 16))]
    operators = [
        Op("QUANTIZE", ["x"], ["a"]),
        Op("RESHAPE", ["a", "shape"], ["b"], a.Reshape()),
        Op("TANH", ["b"], ["y"]),
    ]
    shape = T("shape", "int32", (2,), data=[16, 16])
    assert len(identical([*tensors, shape], operators, ["y"], tmp_path).layers) == 1


def test_a_tensor_that_others_read_stays(tmp_path: Path) -> None:
    """Read by a second operator, or an output of the model."""
    tensors = [t("x"), t("a", 0.03, 4), t("y", 1 / 128, 0), t("z", 0.1, 0)]
    operators = [
        Op("QUANTIZE", ["x"], ["a"]),
        Op("TANH", ["a"], ["y"]),
        Op("ADD", ["a", "a"], ["z"], a.Arithmetic()),
    ]
    assert len(identical(tensors, operators, ["y", "z"], tmp_path).layers) == 3
    assert len(identical(tensors[:3], operators[:2], ["y", "a"], tmp_path).layers) == 2


def test_tables_that_undo_each_other_vanish(tmp_path: Path) -> None:
    """To uint8 and back: what is left are a sum, and a second reader of it."""
    tensors = [t("x"), t("s", 0.1, 0), t("a", 0.1, 128, "uint8"), t("b", 0.1, 0), t("y", 1 / 128, 0), t("z", 0.2, 5)]
    operators = [
        Op("ADD", ["x", "x"], ["s"], a.Arithmetic()),
        Op("QUANTIZE", ["s"], ["a"]),
        Op("QUANTIZE", ["a"], ["b"]),
        Op("TANH", ["b"], ["y"]),
        Op("MUL", ["b", "s"], ["z"], a.Arithmetic()),
    ]
    program = identical(tensors, operators, ["y", "z"], tmp_path)
    assert [layer.operator.kind for layer in program.layers] == ["ADD", "TANH", "MUL"]
    program = identical(tensors, operators[:4], ["y", "b"], tmp_path)
    assert [layer.operator.kind for layer in program.layers] == ["ADD", "TANH"]


def test_random_trees_of_tables(tmp_path: Path) -> None:
    choice = Choice(11)
    tensors, operators = [t("x")], list[Op]()
    for number in range(40):
        source = tensors[int(choice.integers(max(0, number - 3), number + 1))]
        kind = ("TANH", "QUANTIZE", "RELU", "LEAKY_RELU", "LOGISTIC")[int(choice.integers(5))]
        dtype = str(choice.choice(["int8", "uint8"])) if kind == "QUANTIZE" else source.dtype
        made = t(f"t{number}", choice.scale(0.005, 0.1), choice.zero_point(dtype), dtype)
        if kind == "LOGISTIC":
            made = t(made.name, 1 / 256, -128 if dtype == "int8" else 0, dtype)
        operators.append(Op(kind, [source.name], [made.name], a.LeakyRelu(0.3) if kind == "LEAKY_RELU" else None))
        tensors.append(made)
    read = {name for op in operators for name in op.inputs}
    leaves = [tensor.name for tensor in tensors if tensor.name not in read]
    program = identical(tensors, operators, [*leaves, "t7"], tmp_path)
    assert len(leaves) < len(program.layers) < 40
