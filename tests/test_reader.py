"""The reader against the reference interpreter's view of the same files, and against files written field by field."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tflite

from tests.flatfile import ModelSpec, OperatorSpec, TensorSpec, build, one_operator
from tests.needs import need_reference
from tflite2int.errors import MalformedModelError, UsageError
from tflite2int.graph import Graph
from tflite2int.reader import read_bytes, read_model

OP = tflite.BuiltinOperator
TWO = (TensorSpec(), TensorSpec())
DETAILS = Path(__file__).with_name("interpreter_details.py")


def fails(data: bytes, message: str) -> None:
    with pytest.raises(MalformedModelError, match=re.escape(message)):
        read_bytes(data, "m")


def compare(graph: Graph, reference: dict[str, Any]) -> tuple[int, int]:
    """Assert that the graph says what the interpreter says; return the numbers of tensors and constants compared."""
    assert graph.inputs == tuple(reference["inputs"])
    assert graph.outputs == tuple(reference["outputs"])
    assert [(o.kind, list(o.inputs), list(o.outputs)) for o in graph.operators] == [
        (o["kind"], o["inputs"], o["outputs"]) for o in reference["operators"]
    ]
    constants = 0
    for theirs in reference["tensors"]:
        ours = graph.tensors[theirs["index"]]
        assert ours.name == theirs["name"]
        assert ours.dtype.label.replace("resource", "object") == theirs["dtype"]
        assert list(ours.shape) == theirs["shape"]
        q = ours.quantization
        if theirs["scales"] == [0.0]:
            assert q is None and ours.constant and not ours.value().any()
        else:
            assert (list(q.scales) if q else []) == theirs["scales"]
            assert (list(q.zero_points) if q else []) == theirs["zero_points"]
            assert q is None or not q.per_channel or q.axis == theirs["axis"]
        if ours.constant and ours.elements:
            assert hashlib.sha256(ours.value().tobytes()).hexdigest() == theirs["constant"]
            constants += 1
    return len(reference["tensors"]), constants


@pytest.mark.parametrize(
    ("folder", "models", "constants"), [("corpus", 400, 2000), ("operators", 320, 300), ("unsupported", 25, 200)]
)
def test_agrees_with_the_interpreter(shared: Path, folder: str, models: int, constants: int) -> None:
    need_reference()
    paths = sorted((shared / "models" / folder).glob("*.tflite"))
    command = [sys.executable, str(DETAILS), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    compared = [
        compare(read_model(path), answer) for path, answer in zip(paths, answers, strict=True) if answer is not None
    ]
    assert len(compared) >= models
    assert sum(c for _, c in compared) >= constants


def test_reads_what_the_interpreter_refuses(shared: Path) -> None:
    for folder in ("corpus", "operators", "unsupported"):
        for path in sorted((shared / "models" / folder).glob("*.tflite")):
            graph = read_model(path)
            assert graph.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            assert graph.name == path.stem
            assert graph.outputs


def test_reads_our_own_models(models_root: Path) -> None:
    paths = sorted(models_root.glob("*/*.tflite"))
    assert paths
    for path in paths:
        assert read_model(path).operators


def test_bias_with_the_axis_of_its_weights(shared: Path) -> None:
    original = read_model(shared / "models" / "corpus" / "tflite-micro__person_detect.tflite")
    patched = read_model(next((shared / "models" / "corpus").glob("*person_detect_patched_qdim.tflite")))
    assert [t.quantization for t in original.tensors] == [t.quantization for t in patched.tensors]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("missing.tflite", "there is no such file"),
        (".", "it is no regular file"),
        ("/dev/null", "it is no regular file"),
        ("a\0b", "cannot read the file"),
        ("x" * 5000, "cannot read the file"),
    ],
)
def test_unreadable_path(path: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_model(path)
    # Later Pythons answer "no" where earlier ones raise an error.
    assert what in str(caught.value) or (what.startswith("cannot") and "no such file" in str(caught.value))


def test_file_beyond_the_format(tmp_path: Path) -> None:
    path = tmp_path / "huge.tflite"
    with path.open("wb") as file:
        file.truncate(2**31)  # a hole, which takes no space
    with pytest.raises(MalformedModelError, match="2 GiB or longer"):
        read_model(path)


def test_main_subgraph_and_count() -> None:
    graph = read_bytes(build(ModelSpec(TWO, [OperatorSpec(OP.TRANSPOSE)], subgraphs=3)), "m")
    assert graph.subgraphs == 3
    assert len(graph.operators) == 1


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [(101, 101, "ABS"), (101, 0, "ABS"), (0, 101, "ABS"), (127, 150, "GELU"), (0, 150, "GELU"), (0, 0, "ADD")],
)
def test_operator_code_is_the_larger_field(old: int, new: int, kind: str) -> None:
    operator = read_bytes(one_operator(OperatorSpec(OP.ABS, version=2, old=old, new=new)), "m").operators[0]
    assert (operator.kind, operator.version, operator.custom) == (kind, 2, False)


def test_custom_operator_and_its_scratch_memory() -> None:
    scratch = TensorSpec()
    operator = OperatorSpec(OP.CUSTOM, inputs=(0, 2), custom="ethos-u")
    graph = read_bytes(build(ModelSpec([TensorSpec(), TensorSpec(), scratch], [operator])), "m")
    assert (graph.operators[0].kind, graph.operators[0].custom) == ("ethos-u", True)
    assert graph.tensors[2].variable
    fails(one_operator(OperatorSpec(OP.CUSTOM)), "a custom operator without a name")
    builtin = OperatorSpec(OP.ABS, inputs=(2,), outputs=(3,))
    model = ModelSpec([TensorSpec(), TensorSpec(), scratch, TensorSpec()], [operator, builtin])
    fails(build(model), 'operator 0 (ethos-u): tensor 2 "tensor" is read before any operator writes it')


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ModelSpec([TensorSpec()], subgraphs=0), "the model has no subgraph"),
        (ModelSpec([TensorSpec()], outputs=()), "the model has no output"),
        (ModelSpec([TensorSpec()], version=4), "schema version is 4"),
        (ModelSpec([TensorSpec()], inputs=(0, 0), outputs=(0,)), "the model's inputs name a tensor twice"),
        (ModelSpec([TensorSpec()], inputs=(-1,), outputs=(0,)), "graph input or output -1 is no tensor"),
        (ModelSpec([TensorSpec()]), "graph input or output 1 is no tensor"),
        (ModelSpec(TWO), "is written by no operator"),
        (
            ModelSpec(TWO, [OperatorSpec(OP.ABS, opcode=1)]),
            "operator 0: operator code 1 does not exist: the model has 1",
        ),
        (ModelSpec(TWO, [OperatorSpec(OP.ABS, inputs=(7,))]), "input tensor 7 does not exist"),
        (
            ModelSpec(TWO, [OperatorSpec(OP.ABS, inputs=(-2,))]),
            "input tensor -2 does not exist",
        ),
        (ModelSpec(TWO, [OperatorSpec(9999)]), "operator 0: the builtin code 9999 is unknown"),
        (ModelSpec(TWO, [OperatorSpec(-1)]), "operator 0: the builtin code -1 is unknown"),
        (ModelSpec(TWO, [OperatorSpec(OP.ABS, version=51)]), "(ABS): version 51 is unknown"),
        (ModelSpec(TWO, [OperatorSpec(OP.ABS, version=0)]), "(ABS): version 0 is unknown"),
    ],
)
def test_contradictions(model: ModelSpec, message: str) -> None:
    fails(build(model), message)


def test_no_operators_where_the_output_is_the_input() -> None:
    graph = read_bytes(build(ModelSpec([TensorSpec()], outputs=(0,))), "m")
    assert graph.operators == ()
