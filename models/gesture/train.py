"""gesture: a window of three-axis acceleration to punch or flex, 150-10-5-2. ``python -m models.gesture.train``.

Data: ``simulation.py``. The input is raw / 32768 with the scale pinned to 2^-7: the int8 input is ``raw >> 8``, but for
its rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.common import ACCURACY, Array
from models.gesture.simulation import samples
from models.pipeline import Trained, fit, train_and_replace
from tflite2int.training import quantize_aware

NAME, METRIC, SEED = "gesture", ACCURACY, 0
RANGE8 = (-1.0, 127 / 128)


def normalised(raw: Array) -> Array:
    return np.asarray(raw / 32768, np.float32)


def network(keras: Any) -> Any:
    dense = keras.layers.Dense
    return keras.Sequential([keras.Input((150,)), dense(10, "relu"), dense(5, "relu"), dense(2, "softmax")])


def train(tf: Any) -> Trained:
    (raw, kinds), (raw_check, kinds_check) = samples(SEED, 24000), samples(SEED + 1, 2000)
    data, check = (normalised(raw), kinds), (normalised(raw_check), kinds_check)
    model, loss = network(tf.keras), "sparse_categorical_crossentropy"
    fit(tf, model, data, check, rate=1e-2, epochs=30, loss=loss, batch=64)
    aware = quantize_aware(model, data[0][:1000], input_range=RANGE8)
    fit(tf, aware, data, check, rate=3e-3, epochs=15, loss=loss, batch=64)
    return Trained(model, aware, data[0][:1000], range8=RANGE8)


def testset() -> dict[str, Array]:
    return drawn(SEED + 2, 400)


def further() -> dict[str, Array]:
    return drawn(SEED + 3, 4000)


def drawn(seed: int, count: int) -> dict[str, Array]:
    raw, kinds = samples(seed, count)
    return {"inputs": normalised(raw), "targets": kinds}


if __name__ == "__main__":
    train_and_replace(NAME)
