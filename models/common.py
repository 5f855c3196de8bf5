"""What all models share: test sets, running a .tflite in the reference interpreter, task error, results.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FOLDER = Path(__file__).parent
NAMES = ("sine", "pose", "gesture", "kws", "residual")


@dataclass(frozen=True)
class Metric:
    """A task error. ``lower`` says that less is better."""

    name: str
    lower: bool

    def __call__(self, outputs: Array, targets: Array) -> float:
        """``outputs`` [samples, ...] in real units; ``targets`` the same for RMSE, class numbers for accuracy."""
        if self.name == "accuracy":
            return float(np.mean(outputs.argmax(axis=-1) == targets))
        return float(np.sqrt(np.mean(np.square(outputs.astype(np.float64) - targets))))


RMSE = Metric("RMSE", lower=True)
ACCURACY = Metric("accuracy", lower=False)
METRICS = {metric.name: metric for metric in (RMSE, ACCURACY)}


def interpreter(content: bytes) -> Any:
    """The reference kernels (OpResolverType.BUILTIN_REF) loaded with a .tflite, from ai-edge-litert or TensorFlow."""
    try:
        from ai_edge_litert import interpreter as litert
    except ImportError:
        from tensorflow import lite as litert
    resolver: Any = getattr(litert, "experimental", litert)
    loaded = litert.Interpreter(
        model_content=content, experimental_op_resolver_type=resolver.OpResolverType.BUILTIN_REF
    )
    loaded.allocate_tensors()
    return loaded


def quantize_input(content: bytes, inputs: Array) -> Array:
    """Real ``inputs`` as the integers that the model's one input takes: nearest, ties to even, saturated."""
    detail = interpreter(content).get_input_details()[0]
    scale, zero_point = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    real = np.round(inputs.astype(np.float64) / float(scale)) + zero_point
    return np.asarray(np.clip(real, limits.min, limits.max).astype(detail["dtype"]))


def run_reference(content: bytes, inputs: Array) -> Array:
    """Run a model of one input and one output on ``inputs`` [samples, ...] of its own type; its raw outputs."""
    loaded = interpreter(content)
    source, result = loaded.get_input_details()[0], loaded.get_output_details()[0]
    outputs = []
    for sample in inputs:
        loaded.set_tensor(source["index"], sample[np.newaxis])
        loaded.invoke()
        outputs.append(loaded.get_tensor(result["index"])[0])
    return np.array(outputs)


def dequantize_output(content: bytes, outputs: Array) -> Array:
    """Raw ``outputs`` of the model in real units."""
    scale, zero_point = interpreter(content).get_output_details()[0]["quantization"]
    return outputs if scale == 0.0 else (outputs.astype(np.float64) - zero_point) * float(scale)


def task_error(metric: Metric, content: bytes, inputs: Array, targets: Array) -> float:
    """The task error of a .tflite run by the reference on ``inputs`` of the model's own type."""
    return metric(dequantize_output(content, run_reference(content, inputs)), targets)


def load_testset(name: str) -> dict[str, Array]:
    with np.load(FOLDER / name / "testset.npz", allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def load_results(name: str) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((FOLDER / name / "results.json").read_text(encoding="utf-8"))
    return results
