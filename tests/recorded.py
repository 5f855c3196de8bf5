"""The recorded answers of TensorFlow 2.19.1's reference kernels for the corpus models."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.needs import need, shared_models
from tflite2int.graph import Array

Steps = list[list[Array]]


def recorded(name: str) -> tuple[Path, Steps, Steps]:
    """Return a corpus model's path, inputs and outputs, in the graph's own types.

    Five steps of one interpreter: all minimum, all maximum, three random.
    """
    models = shared_models()
    archive = models / "golden" / "reference" / f"{name}.npz"
    need(archive.is_file(), f"the recorded answer {archive}")
    inputs: Steps = []
    outputs: Steps = []
    with np.load(archive) as file:
        for kind, steps in (("in", inputs), ("out", outputs)):
            while f"{kind}{len(steps)}_0" in file:
                prefix = f"{kind}{len(steps)}_"
                width = sum(key.startswith(prefix) for key in file.files)
                steps.append([file[f"{prefix}{j}"] for j in range(width)])
    return models / "corpus" / f"{name}.tflite", inputs, outputs
