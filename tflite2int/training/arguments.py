"""What a caller passes: a Keras model, and real inputs for it. Each is checked once, here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UsageError
from .keras import tensorflow
from .keras3 import from_keras3, is_keras3

Samples = npt.ArrayLike | Sequence[npt.ArrayLike]


def legacy_model(model: Any) -> Any:
    """``model`` as a Keras 2 model of known layers. Raises UsageError for anything else."""
    if is_keras3(model):
        return from_keras3(model)
    keras = tensorflow().keras
    if not isinstance(model, keras.Model):
        raise UsageError(f"a Keras model is needed, this is a {type(model).__name__}", remedy="Pass a keras.Model.")
    if not model.built:
        raise UsageError(
            f'model "{model.name}" has no input shape yet', remedy="Start it with keras.Input(shape) or call build()."
        )
    if not (isinstance(model, keras.Sequential) or getattr(model, "_is_graph_network", False)):
        raise UsageError(
            f'model "{model.name}" is a subclass with its own call(): its layers cannot be seen from outside',
            remedy="Build it with keras.Sequential or with keras.Model(inputs, outputs).",
        )
    return model


def check_samples(model: Any, data: Samples) -> list[npt.NDArray[np.float32]]:
    """One array [samples, ...] an input of the model. Raises UsageError where shapes or values do not fit."""
    inputs = model.inputs
    given = list(data) if len(inputs) > 1 and isinstance(data, list | tuple) else [data]
    if len(given) != len(inputs):
        raise UsageError(f"{len(given)} arrays of representative data for {len(inputs)} inputs", remedy="Pass a list.")
    samples = [np.asarray(values, np.float32) for values in given]
    for array, tensor in zip(samples, inputs, strict=True):
        shape = tuple(tensor.shape)[1:]
        if array.ndim != len(shape) + 1 or any(b not in (None, a) for a, b in zip(array.shape[1:], shape, strict=True)):
            raise UsageError(
                f"the representative data have shape {array.shape}, the input is {shape}",
                remedy="Pass an array [samples, ...input shape].",
            )
        if not len(array) or len(array) != len(samples[0]):
            raise UsageError("representative data are empty or not equally many", remedy="Pass a few hundred samples.")
        if not np.isfinite(array).all():
            raise UsageError("the representative data hold NaN or infinity", remedy="Remove those samples.")
    return samples
