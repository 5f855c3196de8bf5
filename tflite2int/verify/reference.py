"""TensorFlow Lite's reference kernels, run in a subprocess: what the emitted C is compared with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from ..errors import ReferenceFailure, printable
from ..graph import Array

WORKER = Path(__file__).with_name("worker.py")
Outputs = list[list[Array]]
Tensors = list[dict[int, Array]]


@overload
def run_reference(
    model: bytes, inputs: Sequence[Sequence[Array]], tensors: Literal[False] = False, timeout: float = 300
) -> Outputs: ...
@overload
def run_reference(
    model: bytes, inputs: Sequence[Sequence[Array]], tensors: Literal[True], timeout: float = 300
) -> tuple[Outputs, Tensors]: ...
def run_reference(
    model: bytes, inputs: Sequence[Sequence[Array]], tensors: bool = False, timeout: float = 300
) -> Outputs | tuple[Outputs, Tensors]:
    """Run ``model`` (the file's bytes) with OpResolverType.BUILTIN_REF, one interpreter for all steps.

    ``inputs[k][j]`` is the value of graph input j at step k, in the graph's own type and shape; variables carry their
    values from step to step. Returns ``outputs[k][j]`` likewise; with ``tensors`` also, for each step, the value of
    every graph input and of every tensor that an operator writes, by tensor index. Raises ReferenceFailure where the
    reference is missing, of another version, refuses the model, crashes or takes more than ``timeout`` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="tflite2int-") as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(model)
        arrays: dict[str, Any] = {f"in_{k}_{j}": value for k, step in enumerate(inputs) for j, value in enumerate(step)}
        np.savez(folder / "inputs.npz", steps=np.int64(len(inputs)), all_tensors=np.bool_(tensors), **arrays)
        # By path and with -P, not with -m: neither the package's import nor its installation is needed in there.
        _execute([sys.executable, "-P", str(WORKER), name], folder, timeout)
        with np.load(folder / "outputs.npz", allow_pickle=False) as results:
            named = {key: results[key] for key in results.files}
    outputs: Outputs = [[] for _ in inputs]
    values: Tensors = [{} for _ in inputs]
    for key, value in named.items():  # in the order in which the worker wrote them
        kind, step, number = key.split("_")
        if kind == "out":
            outputs[int(step)].append(value)
        else:
            values[int(step)][int(number)] = value
    return (outputs, values) if tensors else outputs


def _execute(command: list[str], folder: Path, timeout: float) -> None:
    """Run the worker. Raises ReferenceFailure unless it wrote its answer and ended with status 0."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout
        )
    except subprocess.TimeoutExpired as expired:
        progress = expired.stdout.decode(errors="replace") if isinstance(expired.stdout, bytes) else expired.stdout
        raise ReferenceFailure(
            f"the reference interpreter took more than {timeout:g} s ({_reached(progress or '')})",
            remedy="Give it more time, or fewer inputs.",
        ) from None
    if done.returncode == 0:
        return
    failure = folder / "failure.json"
    if failure.exists():
        told = json.loads(failure.read_text())
        raise ReferenceFailure(told["what"], remedy=told["remedy"])
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    detail = f": {printable(lines[-1], 200)}" if lines else ""
    raise ReferenceFailure(
        f"the reference interpreter crashed with {_ending(done.returncode)} ({_reached(done.stdout)}){detail}",
        remedy="This is a defect of the interpreter or a model it cannot run: there is no answer to compare with.",
    )


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def _reached(progress: str) -> str:
    """Return where the worker was, from what it printed among what the interpreter may have printed."""
    told = [line for line in progress.splitlines() if line.startswith(("in step ", "while it "))]
    return told[-1] if told else "while it loaded the model"
