"""The process that holds the reference interpreter: ``python -m tflite2int.verify.worker FOLDER``.

The interpreter is C++ that can abort or corrupt its heap, so it lives here alone. FOLDER holds ``model.tflite`` and
``inputs.npz`` (``steps``, ``all_tensors``, ``in_{k}_{j}``); the answer is ``outputs.npz`` (``out_{k}_{j}`` and
``tensor_{k}_{index}``), or ``failure.json`` and exit status 1. It prints where it is, so that the parent
can tell how far a process came that died. Nothing of tflite2int is imported here: this file also runs by its path.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

# distribution, its one version with the kernels that we call the reference, the module that has the interpreter
REFERENCES = (
    ("ai-edge-litert", "1.2.0", "ai_edge_litert.interpreter"),
    ("tensorflow", "2.19.1", "tensorflow.lite.python.interpreter"),
    ("tensorflow-cpu", "2.19.1", "tensorflow.lite.python.interpreter"),
)
LAST_PYTHON = (3, 12)
INSTALL = "Install it with: pip install ai-edge-litert==1.2.0"


class Failure(Exception):
    """Something to tell the user: ``what`` happened, and what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


def choose(installed: dict[str, str], python: tuple[int, int]) -> str:
    """Return the module of the reference interpreter among the ``installed`` distributions (name to version).

    Raises Failure where there is none of the right version.
    """
    for distribution, version, module in REFERENCES:
        if installed.get(distribution) == version:
            return module
    remedy = INSTALL
    if python > LAST_PYTHON:
        remedy += f"\nIts wheels exist for CPython 3.9 to 3.12 only; this is {python[0]}.{python[1]}."
    wanted = "ai-edge-litert 1.2.0 (or tensorflow 2.19.1)"
    if not installed:
        raise Failure(f"the reference interpreter, {wanted}, is not installed", remedy)
    found = " and ".join(f"{name} {version}" for name, version in installed.items())
    raise Failure(
        f"the reference interpreter is {wanted}; installed is {found}, "
        "and other versions round differently (FULLY_CONNECTED from LiteRT 1.3.0 on)",
        remedy,
    )


def installed_references() -> dict[str, str]:
    """Return the versions of the distributions in REFERENCES that are installed."""
    versions = {}
    for distribution, _, _ in REFERENCES:
        try:
            versions[distribution] = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def make_interpreter(model: bytes, all_tensors: bool) -> Any:
    """Return the interpreter with reference kernels, tensors allocated. Raises Failure where it refuses the model."""
    name = choose(installed_references(), sys.version_info[:2])
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise Failure(f"the reference interpreter cannot be loaded: {error}", INSTALL) from None
    try:
        interpreter = module.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=all_tensors,
        )
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise Failure(f"the reference interpreter refuses the model: {_one_line(error)}") from None
    return interpreter


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _set_inputs(interpreter: Any, inputs: list[Any], step: int) -> None:
    details = interpreter.get_input_details()
    if len(inputs) != len(details):
        raise Failure(f"step {step} has {len(inputs)} inputs, the model has {len(details)}")
    for position, (detail, value) in enumerate(zip(details, inputs, strict=True)):
        shape = tuple(int(size) for size in detail["shape"])
        wanted = np.dtype(detail["dtype"])
        if value.dtype != wanted or value.shape != shape:
            raise Failure(
                f"input {position} of step {step} is {value.dtype}{list(value.shape)}, "
                f"the model's is {wanted}{list(shape)}"
            )
        interpreter.set_tensor(detail["index"], value)


def _intermediates(interpreter: Any) -> list[int]:
    """Return the inputs and the tensors that operators write: neither constants nor the kernels' own scratch.

    Only numbers: a string would be stored as a pickle, and asking for a resource handle crashes the interpreter.
    """
    produced = {int(index) for op in interpreter._get_ops_details() for index in op["outputs"]}
    produced |= {int(detail["index"]) for detail in interpreter.get_input_details()}
    numbers = {int(d["index"]) for d in interpreter.get_tensor_details() if np.dtype(d["dtype"]).kind in "biufc"}
    return sorted(produced & numbers)


def run(folder: Path) -> None:
    """Run all steps on one interpreter, state carried. Raises Failure."""
    with np.load(folder / "inputs.npz", allow_pickle=False) as inputs:
        interpreter = make_interpreter((folder / "model.tflite").read_bytes(), bool(inputs["all_tensors"]))
        steps: list[list[Any]] = [[] for _ in range(int(inputs["steps"]))]
        for name in inputs.files:
            if name.startswith("in_"):
                steps[int(name.split("_")[1])].append(inputs[name])
        watched = _intermediates(interpreter) if inputs["all_tensors"] else []
        results: dict[str, Any] = {}
        for step, values in enumerate(steps):
            print(f"in step {step}", flush=True)
            _set_inputs(interpreter, values, step)
            try:
                interpreter.invoke()
            except (RuntimeError, ValueError) as error:
                raise Failure(f"the reference interpreter failed in step {step}: {_one_line(error)}") from None
            for position, detail in enumerate(interpreter.get_output_details()):
                results[f"out_{step}_{position}"] = interpreter.get_tensor(detail["index"])
            for index in watched:
                try:
                    results[f"tensor_{step}_{index}"] = interpreter.get_tensor(index)
                except ValueError:  # an output that nothing computed has no value
                    continue
    print("while it saved the outputs", flush=True)
    np.savez(folder / "outputs.npz", **results)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    try:
        run(folder)
    except Failure as failure:
        (folder / "failure.json").write_text(json.dumps({"what": failure.what, "remedy": failure.remedy}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
