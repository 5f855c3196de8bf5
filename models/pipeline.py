"""From a trained pair of models to the files of a folder: export, evaluation in the reference, results.json."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.common import FOLDER, Array, quantize_input, task_error
from tflite2int.training import export_int8
from tflite2int.training.keras import tensorflow


@dataclass(frozen=True)
class Trained:
    """What a train.py hands over. ``representative`` [samples, ...] are real inputs out of the training set."""

    float_model: Any
    aware_model: Any
    representative: Array
    extra: Mapping[str, bytes] = field(default_factory=dict)


def seed_all(tf: Any, seed: int) -> None:
    """Seed Python, numpy and TensorFlow and ask for deterministic operators: the same machine gives the same weights."""
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def run(name: str) -> dict[str, Any]:
    """Train the model ``name``, write its files into its folder and return what results.json says."""
    task = importlib.import_module(f"models.{name}.train")
    tf = tensorflow()
    trained: Trained = task.train(tf)
    inputs, targets = task.test_samples()
    folder = FOLDER / name

    def error(content: bytes) -> float:
        return round(task_error(task.METRIC, content, quantize_input(content, inputs), targets), 6)

    shipped = export_int8(trained.aware_model, trained.representative)
    rows: dict[str, dict[str, Any]] = {
        "float": {"tensorflow": round(task.METRIC(trained.float_model.predict(inputs, verbose=0), targets), 6)},
        "PTQ int8": {"tensorflow": error(export_int8(trained.float_model, trained.representative))},
        "QAT int8": {"tensorflow": error(shipped), **_write(folder / f"{name}.tflite", shipped)},
    }
    for file, content in trained.extra.items():
        rows[file.removesuffix(".tflite")] = {
            "tensorflow": round(task_error(task.METRIC, content, inputs, targets), 6),
            **_write(folder / file, content),
        }
    np.savez_compressed(
        folder / "testset.npz", inputs=inputs, quantized=quantize_input(shipped, inputs), targets=targets
    )
    results = {
        "name": name,
        "metric": task.METRIC.name,
        "seed": task.SEED,
        "parameters": trained.float_model.count_params(),
        "test_samples": len(inputs),
        "rows": rows,
    }
    (folder / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return results


def _write(path: Any, content: bytes) -> dict[str, Any]:
    path.write_bytes(content)
    return {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
