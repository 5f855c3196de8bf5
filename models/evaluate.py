"""Run the generated C of shipped models on their test sets: ``python -m models.evaluate [NAME ...]``.

Needs a C compiler and the reference interpreter, no TensorFlow. Writes the task error into results.json, and the
model card anew.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from models.card import write_card
from models.common import (
    FOLDER,
    METRICS,
    Array,
    command,
    inputs_key,
    load_results,
    load_testset,
    real_outputs,
    reference_outputs,
    save_results,
)
from tests.entries import run_entry
from tflite2int.compiler import Conversion, convert
from tflite2int.errors import UnsupportedModelError
from tflite2int.rawio.toml import read_tables
from tflite2int.verify.check import run_on_host


def evaluate_file(name: str, file: str) -> dict[str, Any]:
    """What results.json says about the C of one shipped file: task error, identical outputs.

    ``generated_c`` is None where tflite2int refuses the file.
    """
    path, testset, metric = FOLDER / name / file, load_testset(name), METRICS[load_results(name)["metric"]]
    content = path.read_bytes()
    try:
        conversion = convert(path)
    except UnsupportedModelError:
        return {"generated_c": None}
    values = testset[inputs_key(content)]
    outputs = np.concatenate([step[0] for step in run_on_host(conversion, [[sample[np.newaxis]] for sample in values])])
    same = (outputs == reference_outputs(content, values)).reshape(len(values), -1).all(axis=1)
    error = round(metric(real_outputs(content, outputs), testset["targets"]), 6)
    return {"generated_c": error, "identical": int(same.sum()), **evaluate_entries(name, file)}


def evaluate_entries(name: str, file: str) -> dict[str, float]:
    """The task error of the second C functions: from raw counts where the model has an io.toml, and class numbers."""
    path, testset, metric = FOLDER / name / file, load_testset(name), METRICS[load_results(name)["metric"]]
    io, found = FOLDER / name / "io.toml", {}
    if io.exists():
        for column, output in (("raw_c", None), ("wide_c", "wide")):
            conversion = convert(path, io=io, output=output)
            unit = read_tables(io, conversion.program)["output"].unit
            counts = _run_entry(conversion, testset["raw"])
            real = counts * np.array([float(each) for each in unit])
            found[column] = round(metric(real, testset["targets"]), 6)
    if metric.name == "accuracy":
        classes = _run_entry(convert(path, output="argmax"), testset[inputs_key(path.read_bytes())])
        found["class_c"] = round(float(np.mean(classes[:, 0] == testset["targets"])), 6)
    return found


def _run_entry(conversion: Conversion, values: Array) -> Array:
    """What the second C function gives for each sample: [samples, elements]."""
    with tempfile.TemporaryDirectory() as folder:
        return np.array([step[0] for step in run_entry(conversion, Path(folder), [[sample] for sample in values])])


def evaluate(name: str) -> dict[str, Any]:
    """Evaluate all files of a model, write results.json and the card, and return the results."""
    results = load_results(name)
    for row in results["rows"].values():
        if "file" in row:
            row |= evaluate_file(name, row["file"])
    save_results(FOLDER / name, results)
    write_card(name)
    return results


def main(names: list[str]) -> int:
    for name in names:
        for label, row in evaluate(name)["rows"].items():
            print(f"{name:10} {label:20} TensorFlow {row['tensorflow']:<9} C {row.get('generated_c', '-')}")
    return 0


if __name__ == "__main__":
    command(main)
