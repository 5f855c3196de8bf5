"""The reference's subprocess: its answers, and every way in which it can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.needs import need_reference, shared_models
from tests.recorded import recorded
from tflite2int.errors import ReferenceFailure
from tflite2int.graph import Array
from tflite2int.reader import read_model
from tflite2int.verify import worker
from tflite2int.verify.reference import run_reference

INSTALL = "pip install ai-edge-litert==1.2.0"


def same(left: list[list[Array]], right: list[list[Array]]) -> bool:
    return [[(a.dtype, a.shape, a.tobytes()) for a in step] for step in left] == [
        [(a.dtype, a.shape, a.tobytes()) for a in step] for step in right
    ]


@pytest.mark.parametrize(
    "name",
    [
        "TinyML__hello_world_int8",  # int8 edges
        "TinyML__hello-world_models_hello_world_model",  # float edges
        "ai_tools__i16_test_add_0",  # two inputs, int16
        "TinyML__mnist_lstm_quant",  # state in variables
    ],
)
def test_equals_tensorflow(name: str) -> None:
    need_reference()
    path, inputs, outputs = recorded(name)
    assert same(run_reference(path.read_bytes(), inputs), outputs)


def test_state_is_carried_from_step_to_step_and_not_from_run_to_run() -> None:
    need_reference()
    path, inputs, outputs = recorded("micro-wake-word-models__vad")
    assert same(run_reference(path.read_bytes(), inputs), outputs)
    assert not same(run_reference(path.read_bytes(), inputs[2:3]), outputs[2:3])


def test_tensors_are_those_that_operators_write() -> None:
    need_reference()
    path, inputs, outputs = recorded("TinyML__hello_world_int8")
    results, tensors = run_reference(path.read_bytes(), inputs, tensors=True)
    assert same(results, outputs)
    assert len(tensors) == len(inputs)
    for step, given, result in zip(tensors, inputs, results, strict=True):
        assert len(step) == 4  # the input and what three dense layers write; no weights
        assert any(np.array_equal(value, given[0]) for value in step.values())
        assert any(np.array_equal(value, result[0]) for value in step.values())


def test_resource_handles_are_left_out_of_the_tensors() -> None:
    need_reference()
    path, inputs, outputs = recorded("micro-wake-word-models__vad")
    results, tensors = run_reference(path.read_bytes(), inputs, tensors=True)
    assert same(results, outputs)
    assert tensors[0] and all(value.dtype.kind in "biuf" for value in tensors[0].values())


def test_a_refused_model_says_why() -> None:
    need_reference()
    path = shared_models() / "corpus" / "tflite-micro__person_detect.tflite"
    with pytest.raises(ReferenceFailure, match=r"refuses the model.*quantized_dimension must be in range"):
        run_reference(path.read_bytes(), [])


def test_garbage_is_refused() -> None:
    need_reference()
    with pytest.raises(ReferenceFailure, match="refuses the model"):
        run_reference(b"no model at all", [])


def test_inputs_must_fit_the_graph() -> None:
    need_reference()
    path, inputs, _ = recorded("TinyML__hello_world_int8")
    with pytest.raises(ReferenceFailure, match=r"input 0 of step 0 is uint8\[1, 1\], the model's is int8\[1, 1\]"):
        run_reference(path.read_bytes(), [[inputs[0][0].astype(np.uint8)]])
    with pytest.raises(ReferenceFailure, match=r"input 0 of step 1 is int8\[1\]"):
        run_reference(path.read_bytes(), [inputs[0], [inputs[0][0].reshape(1)]])
    with pytest.raises(ReferenceFailure, match="step 0 has 2 inputs, the model has 1"):
        run_reference(path.read_bytes(), [inputs[0] * 2])


def test_a_real_crash_is_a_failure_and_not_ours() -> None:
    need_reference()
    # 512 and more equal logits: the reference's softmax aborts.
    path = shared_models() / "corpus" / "ai_tools__test_softmax_4.tflite"
    graph = read_model(path)
    zeros = [np.zeros(graph.tensor(index).shape, np.int8) for index in graph.inputs]
    with pytest.raises(ReferenceFailure, match=r"crashed with SIG[A-Z]+ \(in step 0\)"):
        run_reference(path.read_bytes(), [zeros])


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str, body: str) -> None:
    """Put a distribution ai-edge-litert of this version, and module text, before the installed one."""
    package = folder / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "interpreter.py").write_text(body)
    metadata = folder / f"ai_edge_litert-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ai-edge-litert\nVersion: {version}\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_signal_is_named_with_the_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "import os, sys\nprint('Check failed: x\x07', file=sys.stderr, flush=True)\nos.abort()\n"
    pretend(tmp_path, monkeypatch, "1.2.0", body)
    with pytest.raises(ReferenceFailure, match=r"SIGABRT \(while it loaded the model\): Check failed: x\?"):
        run_reference(b"", [])


def test_a_hanging_interpreter_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, "1.2.0", "import time\ntime.sleep(1000)\n")
    with pytest.raises(ReferenceFailure, match=r"more than 0.5 s \(while it loaded the model\)"):
        run_reference(b"", [], timeout=0.5)


def test_a_broken_installation_says_how_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, "1.2.0", "import a_module_that_does_not_exist\n")
    with pytest.raises(ReferenceFailure, match="cannot be loaded: No module named") as caught:
        run_reference(b"", [])
    assert INSTALL in str(caught.value)


def test_a_later_litert_is_not_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path, monkeypatch, "1.3.0", "raise SystemExit('must not be imported')\n")
    for name in ("tensorflow", "tensorflow_cpu"):
        metadata = tmp_path / f"{name}-2.20.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.20.0\n")
    with pytest.raises(ReferenceFailure, match=r"installed is ai-edge-litert 1.3.0 and tensorflow 2.20.0") as caught:
        run_reference(b"", [])
    assert "FULLY_CONNECTED" in str(caught.value) and INSTALL in str(caught.value)


@pytest.mark.parametrize(
    "installed", [{"tensorflow": "2.19.1"}, {"ai-edge-litert": "1.4.0", "tensorflow-cpu": "2.19.1"}]
)
def test_tensorflow_of_the_right_version_serves_too(installed: dict[str, str]) -> None:
    assert worker.choose(installed, (3, 12)) == "tensorflow.lite.python.interpreter"


def test_a_missing_reference_says_how_to_install() -> None:
    with pytest.raises(worker.Failure, match="is not installed") as caught:
        worker.choose({}, (3, 12))
    assert INSTALL in caught.value.remedy and "wheels" not in caught.value.remedy
    with pytest.raises(worker.Failure) as caught:
        worker.choose({}, (3, 13))
    assert "this is 3.13" in caught.value.remedy


def test_the_worker_runs_as_a_module(tmp_path: Path) -> None:
    need_reference()
    (tmp_path / "model.tflite").write_bytes(b"")
    np.savez(tmp_path / "inputs.npz", steps=0, all_tensors=False)
    done = subprocess.run(
        [sys.executable, "-m", "tflite2int.verify.worker", str(tmp_path)], cwd=Path(__file__).parents[1], timeout=60
    )
    assert done.returncode == 1 and "refuses" in (tmp_path / "failure.json").read_text()
