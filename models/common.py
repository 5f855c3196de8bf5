"""What all models share: test sets, running a .tflite in the reference interpreter, task error, results.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from tflite2int.errors import Tflite2IntError, UsageError
from tflite2int.graph import Graph, Tensor
from tflite2int.reader import read_bytes
from tflite2int.verify.reference import run_reference
from tflite2int.verify.samples import dequantize, quantize

Array = npt.NDArray[Any]
FOLDER = Path(__file__).parent
NAMES = ("sine", "pose", "gesture", "kws", "residual")


@dataclass(frozen=True)
class Metric:
    """A task error. ``lower`` says that less is better.

    ``tolerance`` is what a new training may be worse by: a share of the recorded RMSE, an absolute difference of
    accuracy. It covers what other seeds gave, since another machine's float arithmetic is like another seed.
    """

    name: str
    lower: bool
    tolerance: float

    def __call__(self, outputs: Array, targets: Array) -> float:
        """``outputs`` [samples, ...] in real units; ``targets`` the same for RMSE, class numbers for accuracy."""
        if self.name == "accuracy":
            return float(np.mean(outputs.argmax(axis=-1) == targets))
        return float(np.sqrt(np.mean(np.square(outputs.astype(np.float64) - targets))))

    def limit(self, recorded: float) -> float:
        """The worst value that still counts as the recorded one."""
        return recorded * (1 + self.tolerance) if self.lower else recorded - self.tolerance

    def holds(self, value: float, recorded: float) -> bool:
        return value <= self.limit(recorded) if self.lower else value >= self.limit(recorded)


RMSE = Metric("RMSE", lower=True, tolerance=0.4)
ACCURACY = Metric("accuracy", lower=False, tolerance=0.04)
METRICS = {metric.name: metric for metric in (RMSE, ACCURACY)}


def command(action: Callable[[list[str]], int]) -> NoReturn:
    """Run a command on the named models (all, where none is named) and exit with its status, or tell the error."""
    try:
        unknown = [name for name in sys.argv[1:] if name not in NAMES]
        if unknown:
            raise UsageError(f"there is no model {', '.join(unknown)}", remedy=f"There are: {', '.join(NAMES)}.")
        status = action(sys.argv[1:] or list(NAMES))
    except Tflite2IntError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 2
    sys.exit(status)


def ends(content: bytes) -> tuple[Graph, Tensor, Tensor]:
    """The graph of a .tflite with one input and one output, and these two."""
    graph = read_bytes(content, "model")
    (source,), (result,) = graph.inputs, graph.outputs
    return graph, graph.tensor(source), graph.tensor(result)


def quantized_inputs(content: bytes, inputs: Array) -> Array:
    """Real ``inputs`` [samples, ...] as the integers that the model takes."""
    return quantize(inputs, ends(content)[1])


def real_outputs(content: bytes, outputs: Array) -> Array:
    """Raw ``outputs`` of the model in real units; those of a float model as they are."""
    return outputs if outputs.dtype.kind == "f" else dequantize(outputs, ends(content)[2])


def reference_outputs(content: bytes, inputs: Array) -> Array:
    """Raw outputs [samples, ...] of the reference kernels on ``inputs`` [samples, ...] of the model's own type."""
    return np.concatenate([step[0] for step in run_reference(content, [[sample[np.newaxis]] for sample in inputs])])


def load_testset(name: str) -> dict[str, Array]:
    """``inputs`` in real units, ``targets``, and the integers that each shipped file takes: see ``inputs_key``."""
    with np.load(FOLDER / name / "testset.npz", allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def inputs_key(content: bytes) -> str:
    """The key in the test set of the inputs that a .tflite takes."""
    return {"int8": "quantized", "int16": "quantized16", "float32": "inputs"}[ends(content)[1].dtype.label]


def load_results(name: str) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((FOLDER / name / "results.json").read_text(encoding="utf-8"))
    return results


def save_results(folder: Path, results: dict[str, Any]) -> None:
    (folder / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
