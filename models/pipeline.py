"""From a trained pair of models to the files of a folder: export, evaluation in the reference, results.json."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.common import (
    FOLDER,
    Array,
    command,
    inputs_key,
    quantized_inputs,
    real_outputs,
    reference_outputs,
    save_results,
)
from tflite2int.training import export_int8, export_int16x8
from tflite2int.training.keras import tensorflow

PACKAGES = ("tensorflow", "tensorflow-model-optimization", "tf-keras", "numpy")


@dataclass(frozen=True)
class Trained:
    """What a train.py hands over.

    ``representative`` [samples, ...] are real inputs out of the training set. ``aware16`` is there where a 16x8 file
    shall be shipped. ``range8`` and ``range16`` pin the input scale of the int8 and 16x8 files. ``extra`` are further
    files, which take float.
    """

    float_model: Any
    aware8: Any
    representative: Array
    aware16: Any = None
    range8: tuple[float, float] | None = None
    range16: tuple[float, float] | None = None
    extra: Mapping[str, bytes] = field(default_factory=dict)


def seed_all(tf: Any, seed: int) -> None:
    """Seed Python, numpy and TensorFlow, and ask for deterministic operators: one machine repeats its weights."""
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def fit(
    tf: Any,
    model: Any,
    data: tuple[Array, Array],
    validation: tuple[Array, Array],
    *,
    rate: float,
    epochs: int,
    loss: str = "mse",
    batch: int = 32,
) -> None:
    """Train with Adam and a cosine decay of ``rate``; keep the weights of the epoch with the least validation loss.

    The integers of a quantization-aware model jump from epoch to epoch: its last epoch is a draw, its best is not.
    """
    keras = tf.keras
    callback_base: Any = keras.callbacks.Callback

    class Best(callback_base):  # type: ignore[misc]
        loss, weights = float("inf"), None

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            if logs["val_loss"] < self.loss:
                self.loss, self.weights = logs["val_loss"], self.model.get_weights()

    steps = epochs * -(-len(data[0]) // batch)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)), loss)
    best = Best()
    model.fit(*data, epochs=epochs, batch_size=batch, validation_data=validation, verbose=0, callbacks=[best])
    model.set_weights(best.weights)


def run(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Train the model ``name``, write its files into ``folder`` (its own) and return what results.json says.

    A train.py has METRIC, SEED, ``train(tf)``, ``testset()`` and, where a test set small enough to ship leaves too much
    to chance, ``further()``: samples of another seed that are only counted.
    """
    task = importlib.import_module(f"models.{name}.train")
    folder = folder or FOLDER / name
    tf = tensorflow()
    seed_all(tf, task.SEED)
    trained: Trained = task.train(tf)
    testset: dict[str, Any] = task.testset()
    sets = {"tensorflow": testset} | ({"further": task.further()} if hasattr(task, "further") else {})

    def row(content: bytes, file: str = "") -> dict[str, Any]:
        key, entry = inputs_key(content), {}
        for column, samples in sets.items():
            values = samples["inputs"] if key == "inputs" else quantized_inputs(content, samples["inputs"])
            outputs = real_outputs(content, reference_outputs(content, values))
            entry[column] = round(task.METRIC(outputs, samples["targets"]), 6)
            if file and samples is testset:
                testset[key] = values
        if file:
            (folder / file).write_bytes(content)
            entry |= {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        return entry

    def float_error(samples: dict[str, Array]) -> float:
        outputs = trained.float_model.predict(samples["inputs"], verbose=0)
        return float(round(task.METRIC(outputs, samples["targets"]), 6))

    some, range8, range16 = trained.representative, trained.range8, trained.range16
    rows: dict[str, dict[str, Any]] = {
        "float": {column: float_error(samples) for column, samples in sets.items()},
        "PTQ int8": row(export_int8(trained.float_model, some, input_range=range8)),
        "QAT int8": row(export_int8(trained.aware8, some, input_range=range8), f"{name}.tflite"),
        "PTQ 16x8": row(export_int16x8(trained.float_model, some, input_range=range16)),
    }
    if trained.aware16 is not None:
        content = export_int16x8(trained.aware16, some, input_range=range16)
        rows["QAT 16x8"] = row(content, f"{name}_int16x8.tflite")
    for file, content in trained.extra.items():
        rows[file.removesuffix(".tflite")] = row(content, file)
    np.savez_compressed(folder / "testset.npz", **testset)
    results = {
        "name": name,
        "metric": task.METRIC.name,
        "seed": task.SEED,
        "parameters": trained.float_model.count_params(),
        "test_samples": len(testset["targets"]),
        "further_samples": len(sets["further"]["targets"]) if "further" in sets else 0,
        "packages": {package: version(package) for package in PACKAGES},
        "rows": rows,
    }
    save_results(folder, results)
    return results


def train_and_replace(name: str) -> None:
    """What ``python -m models.NAME.train`` does: train, and replace the files in the model's folder."""

    def action(_: list[str]) -> int:
        for label, row in run(name)["rows"].items():
            print(f"{name:10} {label:20} {row['tensorflow']}")
        print(f"Next: python -m models.evaluate {name}")
        return 0

    command(action)
